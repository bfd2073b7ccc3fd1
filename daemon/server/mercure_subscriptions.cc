#include "server/mercure_subscriptions.h"

#include <utility>

#include "mercure/draft_document.h"
#include "mercure/subscription_document.h"
#include "server/own_events.h"
#include "server/urn.h"

namespace ringcast::server {

namespace {

// In the form of the dialect that the subscription was made in.
Draft event_of(const MercureStay& stay, const MercureTopic& topic, bool is_active) {
  const std::string root(topics::kMercureRoot);
  if (topic.type) {
    const mercure::DraftSubscription entry{.type = *topic.type,
                                           .match = topic.text,
                                           .subscriber = stay.subscriber,
                                           .payload = topic.payload_text()};
    return own_event(root + mercure::draft_subscription_id(stay.path, entry),
                     mercure::kDraftEventType,
                     mercure::draft_subscription_event(stay.path, entry, is_active), true);
  }
  const mercure::SubscriptionEntry entry{
      .topic = topic.text, .subscriber = stay.subscriber, .payload = topic.payload_text()};
  return own_event(root + mercure::subscription_id(stay.path, topic.text, stay.subscriber), {},
                   mercure::subscription_event(stay.path, entry, is_active), true);
}

}  // namespace

std::shared_ptr<const MercureStay> MercureSubscriptions::join(std::string path,
                                                              std::vector<MercureTopic> topics) {
  auto stay = std::make_shared<const MercureStay>(MercureStay{
      .path = std::move(path), .topics = std::move(topics), .subscriber = new_urn(hub_.clock())});
  const std::lock_guard lock(mutex_);
  for (const MercureTopic& topic : stay->topics) {
    places_.emplace(Key(topic.type, topic.text, stay->subscriber), Entry{stay, &topic});
  }
  tell(*stay, true);
  return stay;
}

void MercureSubscriptions::leave(const MercureStay& stay) {
  const std::lock_guard lock(mutex_);
  for (const MercureTopic& topic : stay.topics) {
    places_.erase(Key(topic.type, topic.text, stay.subscriber));
  }
  tell(stay, false);
}

// Nobody who comes or goes waits for it, or is refused.
void MercureSubscriptions::tell(const MercureStay& stay, bool is_active) {
  ++changes_;
  std::vector<Draft> drafts;
  for (const MercureTopic& topic : stay.topics) {
    drafts.push_back(event_of(stay, topic, is_active));
  }
  const uint64_t count = drafts.size();
  publish_own(hub_, std::move(drafts), [&counts = counts_, count](bool is_stored) {
    (is_stored ? counts.events : counts.dropped) += count;
  });
}

MercureSubscriptions::Listing MercureSubscriptions::list(const Filter& filter) const {
  // First: what comes after it is told again to who resumes from there, and nothing is missed.
  Listing listing{.last_id = hub_.last_position()};
  const std::lock_guard lock(mutex_);
  listing.version = listing.last_id + "." + std::to_string(changes_);
  const bool is_draft = filter.dialect == mercure::Dialect::kDraft;
  const std::string_view text = filter.topic ? std::string_view(*filter.topic) : "";
  const std::string_view subscriber = filter.subscriber ? std::string_view(*filter.subscriber) : "";
  auto entry = filter.topic || !is_draft
                   ? places_.lower_bound(Key(filter.type, text, subscriber))
                   : places_.lower_bound(Key(mercure::MatchType::kExact, text, subscriber));
  for (; entry != places_.end(); ++entry) {
    const auto& [type, name, who] = entry->first;
    const bool is_over = type.has_value() != is_draft ||
                         (filter.topic && (type != filter.type || name != *filter.topic)) ||
                         (filter.subscriber && who != *filter.subscriber);
    if (is_over) {
      break;
    }
    listing.entries.push_back(entry->second);
  }
  return listing;
}

}  // namespace ringcast::server
