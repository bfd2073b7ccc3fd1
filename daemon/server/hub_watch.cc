// What is looked at while somebody watches the broker: never more under one holding of the lock
// than a publish would notice.
#include <algorithm>
#include <limits>

#include "server/hub.h"
#include "server/topic_scan.h"
#include "topics/name.h"

namespace ringcast::server {

namespace {

constexpr size_t kMostLookedAt = 64;  // Topics of one reader.

}  // namespace

std::vector<uint64_t> Hub::watchers(std::span<const std::string_view> names) {
  std::vector<uint64_t> counts;
  const std::lock_guard lock(mutex_);
  for (const std::string_view name : names) {
    std::vector<const topics::Interest*> seen;  // each_wanting() may give one twice.
    catalog_.each_wanting(name, [&](const topics::Interest& interest) {
      if (std::find(seen.begin(), seen.end(), &interest) == seen.end()) {
        seen.push_back(&interest);
      }
    });
    uint64_t count = 0;
    for (const topics::Interest* interest : seen) {
      count += interest->readers.load(std::memory_order_relaxed);
    }
    counts.push_back(count);
  }
  return counts;
}

Hub::Backlog Hub::backlog(const topics::Interest& interest, uint64_t cursor) {
  Backlog backlog;
  uint64_t oldest_seq = std::numeric_limits<uint64_t>::max();
  int64_t oldest_ms = 0;
  size_t looked_at = 0;
  const std::lock_guard lock(mutex_);
  for (const topics::Interest::Link& link : interest.topics) {
    if (looked_at++ == kMostLookedAt) {
      backlog.has_more = true;
      break;
    }
    const topics::Topic& topic = *link.topic;
    backlog.is_lapped = backlog.is_lapped || topic.ring.evicted().high() > cursor;
    backlog.has_more = backlog.has_more || topic.on_disk_only_high() > cursor;
    const size_t first = topic.ring.first_after(cursor);
    if (first == topic.ring.size()) {
      continue;
    }
    backlog.events += topic.ring.size() - first;
    if (const topics::Ring::Slot& slot = topic.ring[first]; slot.seq < oldest_seq) {
      oldest_seq = slot.seq;
      oldest_ms = slot.event->time_ms();
      backlog.late_topic = topic.name;
    }
  }
  backlog.lag_ms = oldest_ms > 0 ? std::max<int64_t>(clock_.unix_ms() - oldest_ms, 0) : 0;
  return backlog;
}

bool Hub::scan(TopicScan& scan, size_t count) {
  const int64_t now_ms = clock_.steady_ms();
  const int64_t now_unix_ms = clock_.unix_ms();
  const std::lock_guard lock(mutex_);
  const auto& by_name = catalog_.by_name();
  auto entry = by_name.upper_bound(scan.after);
  for (; entry != by_name.end() && count > 0; ++entry, --count) {
    topics::Topic& topic = *entry->second;
    if (topics::is_reserved(topic.name)) {
      continue;
    }
    ++scan.looked_at;
    BusyTopic busy{.per_second = scan.look_at(topic, now_ms),
                   .interests = topic.interests.size(),
                   .bytes = topic.is_journaled() ? topic.disk.bytes : topic.ring.bytes()};
    if (scan.busiest.would_keep(busy)) {
      busy.name = topic.name;
      busy.subscribers = topic.subscribers(own_reader());
      busy.events = topic.is_journaled() ? topic.disk.events : topic.ring.size();
      const size_t unserved = topic.ring.first_after(retention_.pumped_by_all(topic));
      if (unserved < topic.ring.size()) {
        busy.lag_ms = std::max<int64_t>(now_unix_ms - topic.ring[unserved].event->time_ms(), 0);
      }
      scan.busiest.add(std::move(busy));
    }
  }
  if (entry == by_name.end()) {
    return true;
  }
  scan.after = std::prev(entry)->first;
  return false;
}

}  // namespace ringcast::server
