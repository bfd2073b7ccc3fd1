#include "server/admission.h"

#include <functional>

namespace ringcast::server {

Admission::Ticket::~Ticket() {
  if (held_ == nullptr) {
    return;
  }
  Shard& shard = *held_->second.shard;
  const std::lock_guard lock(shard.mutex);
  if (--held_->second.places == 0) {
    shard.counts.erase(shard.counts.find(held_->first));
  }
}

// The high bits: the table of the shard goes by the low ones.
size_t Admission::index_of(std::string_view client) {
  return (std::hash<std::string_view>{}(client) >> 32) % kShards;
}

Admission::Ticket Admission::admit(std::string_view client) {
  Shard& shard = shards_[index_of(client)];
  const std::lock_guard lock(shard.mutex);
  const auto [entry, is_new] = shard.counts.try_emplace(std::string(client), Held{&shard});
  if (entry->second.places >= places_each_) {
    if (is_new) {  // There may be no places at all.
      shard.counts.erase(entry);
    }
    return {};
  }
  ++entry->second.places;
  return Ticket(&*entry);
}

uint64_t Admission::places_of(std::string_view client) const {
  const Shard& shard = shards_[index_of(client)];
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.counts.find(std::string(client));
  return found == shard.counts.end() ? 0 : found->second.places;
}

size_t Admission::size() const {
  size_t size = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    size += shard.counts.size();
  }
  return size;
}

bool TopicQuota::claim(std::string_view client, std::string_view topic) {
  const auto [entry, is_new] = tickets_.try_emplace(std::string(topic));
  if (!is_new) {
    return true;
  }
  entry->second = by_client_.admit(client);
  if (entry->second) {
    return true;
  }
  tickets_.erase(entry);
  return false;
}

bool TopicQuota::is_counted(std::string_view topic) const {
  return tickets_.find(std::string(topic)) != tickets_.end();
}

void TopicQuota::release(std::string_view topic) {
  tickets_.erase(std::string(topic));
}

}  // namespace ringcast::server
