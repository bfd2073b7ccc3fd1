#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mercure/topic_match.h"

namespace ringcast::mercure {

// A subscription in the protocol's version 1.0.
struct DraftSubscription {
  MatchType type = MatchType::kExact;
  std::string match;
  std::string subscriber;
  std::string payload;  // JSON; empty: none.
};

// The media type of the documents below.
inline constexpr std::string_view kDraftDocumentType = "application/mercure+json";
// The type of subscription events. Publishers may not have it.
inline constexpr std::string_view kDraftEventType = "mercure";

// Where a subscription is: "<list>/urlpattern/<match>/<subscriber>", each percent-encoded once.
// `list` is the path of the list of all: "/.well-known/mercure/subscriptions".
[[nodiscard]] std::string draft_subscription_id(std::string_view list,
                                                const DraftSubscription& subscription);
// The data of an event that tells of a subscription.
[[nodiscard]] std::string draft_subscription_event(std::string_view list,
                                                   const DraftSubscription& subscription,
                                                   bool is_active);
// One subscription, as it is asked for. `last_event_id` is "earliest" without any event.
[[nodiscard]] std::string draft_subscription_document(std::string_view list,
                                                      const DraftSubscription& subscription,
                                                      std::string_view last_event_id);
// All of them, or those of a matcher. `id`: the path that was asked for.
[[nodiscard]] std::string draft_subscriptions_document(
    std::string_view list, std::string_view id, const std::vector<DraftSubscription>& subscriptions,
    std::string_view last_event_id);

}  // namespace ringcast::mercure
