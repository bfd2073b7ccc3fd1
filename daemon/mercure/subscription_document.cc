#include "mercure/subscription_document.h"

#include "base/json.h"
#include "topics/url_encoding.h"

namespace ringcast::mercure {

namespace {

constexpr std::string_view kContext = "\"@context\":\"https://mercure.rocks/\",";

// The members that all forms of it have.
std::string members(std::string_view list, const SubscriptionEntry& entry, bool is_active) {
  std::string json = "\"id\":" + json::quoted(subscription_id(list, entry.topic, entry.subscriber));
  json += ",\"type\":\"Subscription\",\"subscriber\":" + json::quoted(entry.subscriber);
  json += ",\"topic\":" + json::quoted(entry.topic);
  json += is_active ? ",\"active\":true" : ",\"active\":false";
  if (!entry.payload.empty()) {
    json += ",\"payload\":" + entry.payload;
  }
  return json;
}

}  // namespace

std::string encode_segment(std::string_view text) {
  return topics::percent_encode(text, ~topics::kUnreserved);
}

std::string subscription_id(std::string_view list, std::string_view topic,
                            std::string_view subscriber) {
  return std::string(list) + "/" + encode_segment(topic) + "/" + encode_segment(subscriber);
}

std::string subscription_event(std::string_view list, const SubscriptionEntry& entry,
                               bool is_active) {
  return "{" + std::string(kContext) + members(list, entry, is_active) + "}";
}

std::string subscription_document(std::string_view list, const SubscriptionEntry& entry,
                                  std::string_view last_event_id) {
  return "{" + std::string(kContext) + members(list, entry, true) +
         ",\"lastEventID\":" + json::quoted(last_event_id) + "}\n";
}

std::string subscriptions_document(std::string_view list, std::string_view id,
                                   const std::vector<SubscriptionEntry>& entries,
                                   std::string_view last_event_id) {
  std::string json = "{" + std::string(kContext) + "\"id\":" + json::quoted(id);
  json += ",\"type\":\"Subscriptions\",\"lastEventID\":" + json::quoted(last_event_id);
  json += ",\"subscriptions\":[";
  for (const SubscriptionEntry& entry : entries) {
    json += json.ends_with('[') ? "{" : ",{";
    json += members(list, entry, true) + "}";
  }
  return json + "]}\n";
}

}  // namespace ringcast::mercure
