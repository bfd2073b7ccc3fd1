#include "server/mercure_subscriptions.h"

#include <utility>

#include "server/own_events.h"
#include "server/urn.h"

namespace ringcast::server {

std::unique_ptr<MercureStay> MercureSubscriptions::join(std::string path,
                                                        std::vector<std::string> topics,
                                                        std::string payload) {
  auto stay = std::make_unique<MercureStay>(MercureStay{.path = std::move(path),
                                                        .topics = std::move(topics),
                                                        .subscriber = new_urn(hub_.clock()),
                                                        .payload = std::move(payload)});
  const std::lock_guard lock(mutex_);
  for (const std::string& topic : stay->topics) {
    stays_.emplace(std::pair(std::string_view(topic), std::string_view(stay->subscriber)),
                   stay.get());
  }
  tell(*stay, true);
  return stay;
}

void MercureSubscriptions::leave(const MercureStay& stay) {
  const std::lock_guard lock(mutex_);
  for (const std::string& topic : stay.topics) {
    stays_.erase({topic, stay.subscriber});
  }
  tell(stay, false);
}

// Nobody who comes or goes waits for it, or is refused.
void MercureSubscriptions::tell(const MercureStay& stay, bool is_active) {
  ++changes_;
  std::vector<Draft> drafts;
  for (const std::string& topic : stay.topics) {
    const mercure::SubscriptionEntry entry{
        .topic = topic, .subscriber = stay.subscriber, .payload = stay.payload};
    const std::string name = std::string(topics::kMercureRoot) +
                             mercure::subscription_id(stay.path, topic, stay.subscriber);
    drafts.push_back(
        own_event(name, {}, mercure::subscription_event(stay.path, entry, is_active), true));
  }
  const uint64_t count = drafts.size();
  publish_own(hub_, std::move(drafts), [&counts = counts_, count](bool is_stored) {
    (is_stored ? counts.events : counts.dropped) += count;
  });
}

MercureSubscriptions::Listing MercureSubscriptions::list(
    const std::optional<std::string>& topic, const std::optional<std::string>& subscriber) const {
  // First: what comes after it is told again to who resumes from there, and nothing is missed.
  Listing listing{.last_id = hub_.last_position()};
  const std::lock_guard lock(mutex_);
  listing.version = listing.last_id + "." + std::to_string(changes_);
  const auto add = [&](const auto& entry) {
    listing.entries.push_back({.topic = std::string(entry.first.first),
                               .subscriber = std::string(entry.first.second),
                               .payload = entry.second->payload});
  };
  if (topic && subscriber) {
    if (const auto found = stays_.find({*topic, *subscriber}); found != stays_.end()) {
      add(*found);
    }
    return listing;
  }
  auto entry = topic ? stays_.lower_bound({*topic, {}}) : stays_.begin();
  for (; entry != stays_.end() && (!topic || entry->first.first == *topic); ++entry) {
    add(*entry);
  }
  return listing;
}

}  // namespace ringcast::server
