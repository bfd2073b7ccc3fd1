#include "mercure/draft_document.h"

#include "base/json.h"
#include "mercure/subscription_document.h"

namespace ringcast::mercure {

namespace {

void append(std::string& out, std::string_view name, std::string_view value) {
  out += out.ends_with('{') ? "\"" : ",\"";
  out.append(name).append("\":");
  json::append_string(out, value);
}

// Without its end.
std::string begin_document(std::string_view list, const DraftSubscription& subscription,
                           bool is_active) {
  std::string out = "{";
  append(out, "id", draft_subscription_id(list, subscription));
  append(out, "type", "subscription");
  append(out, "subscriber", subscription.subscriber);
  append(out, "match", subscription.match);
  append(out, "match_type", name_of(subscription.type));
  out += is_active ? ",\"active\":true" : ",\"active\":false";
  if (!subscription.payload.empty()) {
    out += ",\"payload\":" + subscription.payload;
  }
  return out;
}

}  // namespace

std::string draft_subscription_id(std::string_view list, const DraftSubscription& subscription) {
  std::string id(list);
  id.append("/").append(name_of(subscription.type));
  id += "/" + encode_segment(subscription.match);
  return id + "/" + encode_segment(subscription.subscriber);
}

std::string draft_subscription_event(std::string_view list, const DraftSubscription& subscription,
                                     bool is_active) {
  return begin_document(list, subscription, is_active) + "}";
}

std::string draft_subscription_document(std::string_view list,
                                        const DraftSubscription& subscription,
                                        std::string_view last_event_id) {
  std::string out = begin_document(list, subscription, true);
  append(out, "last_event_id", last_event_id);
  return out + "}";
}

std::string draft_subscriptions_document(std::string_view list, std::string_view id,
                                         const std::vector<DraftSubscription>& subscriptions,
                                         std::string_view last_event_id) {
  std::string out = "{";
  append(out, "id", id);
  append(out, "type", "subscriptions");
  append(out, "last_event_id", last_event_id);
  out += ",\"subscriptions\":[";
  for (const DraftSubscription& subscription : subscriptions) {
    out += out.ends_with('[') ? "" : ",";
    out += draft_subscription_event(list, subscription, true);
  }
  return out + "]}";
}

}  // namespace ringcast::mercure
