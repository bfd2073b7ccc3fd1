#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ringcast::mercure {

struct SubscriptionEntry {
  std::string topic;  // The selector, as it was subscribed to.
  std::string subscriber;
  std::string payload;  // JSON; empty: none.
};

// Where a subscription is: <list>/<topic>/<subscriber>, both percent-encoded. `list` is the path of
// the list of all.
[[nodiscard]] std::string subscription_id(std::string_view list, std::string_view topic,
                                          std::string_view subscriber);
// A path segment: all but letters, digits and "-._~" percent-encoded (RFC 6570 section 3.2.2).
[[nodiscard]] std::string encode_segment(std::string_view text);

// JSON-LD: the data of an event that tells of a subscription.
[[nodiscard]] std::string subscription_event(std::string_view list, const SubscriptionEntry& entry,
                                             bool is_active);
// One subscription, as it is asked for.
[[nodiscard]] std::string subscription_document(std::string_view list,
                                                const SubscriptionEntry& entry,
                                                std::string_view last_event_id);
// All of them, or those of a topic. `id`: the path that was asked for.
[[nodiscard]] std::string subscriptions_document(std::string_view list, std::string_view id,
                                                 const std::vector<SubscriptionEntry>& entries,
                                                 std::string_view last_event_id);

}  // namespace ringcast::mercure
