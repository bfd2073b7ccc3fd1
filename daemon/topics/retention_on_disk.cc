// What the journal keeps, and what has to leave it.
#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "topics/retention.h"

namespace ringcast::topics {

void Retention::count_on_disk(const sse::Event& event, Topic& topic) {
  OnDisk& disk = topic.disk;
  if (disk.events == 0) {
    disk.oldest_seq = event.seq();
    disk.oldest_time_ms = event.time_ms();
  }
  --disk.coming;
  ++disk.events;
  disk.bytes += event.wire().size();
  disk.newest_seq = event.seq();
  queue_if_over(topic);
}

void Retention::queue_to_trim(Topic& topic) {
  if (!std::exchange(topic.disk.is_queued, true)) {
    to_trim_.push_back(&topic);
  }
}

void Retention::queue_if_over(Topic& topic) {
  const OnDisk& disk = topic.disk;
  if (disk.events > 0 && must_go(topic, {.seq = disk.oldest_seq, .time_ms = disk.oldest_time_ms})) {
    queue_to_trim(topic);
  }
}

bool Retention::must_go(const Topic& topic, const JournalHead& oldest) const {
  return topic.disk.events > 0 && oldest.seq <= pumped_by_all(topic) &&
         (oldest.seq <= topic.disk.force_up_to || is_beyond_policy(topic, oldest.time_ms));
}

bool Retention::is_beyond_policy(const Topic& topic, int64_t oldest_time_ms) const {
  const OnDisk& disk = topic.disk;
  const Policy& policy = *topic.policy;
  const Retain& retain = policy.retain;
  const bool is_over = (retain.events > 0 && disk.events > retain.events) ||
                       (retain.bytes > 0 && disk.bytes > retain.bytes);
  return (is_over && oldest_time_ms + policy.grace_ms <= now_unix_ms_) ||
         (retain.age_ms > 0 && disk.events > policy.keep &&
          oldest_time_ms + retain.age_ms <= now_unix_ms_);
}

void Retention::force_out(Topic& topic, uint64_t seq) {
  OnDisk& disk = topic.disk;
  if (seq > disk.force_up_to) {
    disk.force_up_to = seq;
    ++disk.forced;
  }
  queue_to_trim(topic);
}

size_t Retention::most_to_trim(const Topic& topic) const {
  const OnDisk& disk = topic.disk;
  return disk.forced > 0 && !is_beyond_policy(topic, disk.oldest_time_ms)
             ? disk.forced
             : std::numeric_limits<size_t>::max();
}

void Retention::let_go(Topic& topic, const JournalHead& oldest) {
  if (!topic.ring.empty() && topic.ring.oldest().seq == oldest.seq) {
    note_gone(*topic.ring.page_out_oldest(), topic);
  }
  const bool is_shared = oldest.topics.size() > 1;
  topic.ring.note_loss(
      oldest.seq,
      is_shared ? std::make_shared<const std::vector<std::string>>(oldest.topics) : nullptr,
      tell_clock_, remembered(*topic.policy));
  OnDisk& disk = topic.disk;
  --disk.events;
  disk.forced -= disk.forced > 0 && oldest.seq <= disk.force_up_to ? 1 : 0;
  disk.bytes -= std::min(disk.bytes, oldest.bytes_through - disk.gone_bytes);
  disk.gone_bytes = oldest.bytes_through;
  disk.oldest_seq = disk.events == 0 ? 0 : oldest.seq + 1;  // At the earliest.
  ++let_go_;
  if (!topic.holds_events()) {
    --catalog_.topics_with_events;
  }
}

// What has left the ring before has no number any more; the rest is counted one by one.
void Retention::clear_on_disk(Topic& topic) {
  OnDisk& disk = topic.disk;
  if (disk.events == 0) {
    return;
  }
  topic.ring.forget_up_to(topic.on_disk_only_high(), tell_clock_);
  while (!topic.ring.empty()) {
    const EventRef gone = topic.ring.page_out_oldest();
    note_gone(*gone, topic);
    const bool is_shared = gone->topics().size() > 1;
    topic.ring.note_loss(
        gone->seq(),
        is_shared ? std::make_shared<const std::vector<std::string>>(gone->topics()) : nullptr,
        tell_clock_, remembered(*topic.policy));
  }
  topic.deleted_high = disk.newest_seq;
  let_go_ += disk.events;
  disk.gone_bytes += disk.bytes;
  disk.events = 0;
  disk.forced = 0;
  disk.bytes = 0;
  disk.oldest_seq = 0;
  if (!topic.holds_events()) {
    --catalog_.topics_with_events;
  }
  queue_to_trim(topic);
}

void Retention::restore(const EventRef& event, Topic& topic) {
  if (topic.ring.empty()) {
    topic.disk.paged_high = topic.disk.oldest_seq == event->seq() ? 0 : event->seq() - 1;
  }
  put(event, topic);
  trim(topic);
}

}  // namespace ringcast::topics
