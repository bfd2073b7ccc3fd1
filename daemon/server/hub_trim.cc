// What has to leave the journal: in small steps, beside what is written to it anyway. Readers are
// told before it is gone: whoever finds an event missing on disk finds the loss in memory.
#include <algorithm>
#include <iterator>
#include <utility>

#include "server/commit_group.h"
#include "server/hub.h"

namespace ringcast::server {

namespace {

// What leaves in one transaction is more than comes in, but keeps nobody waiting long.
constexpr size_t kLeastTrimmed = 128;
constexpr size_t kMostTrimmed = 1024;  // While nothing is written, or a publisher waits for room.
constexpr uint64_t kLeastTrimmedBytes = 2 << 20;
constexpr size_t kTimesWritten = 2;
constexpr size_t kTopicsAStep = 64;
// From this share of the limit on, the oldest events of all have to go.
constexpr uint64_t kFullNumerator = 15;
constexpr uint64_t kFullDenominator = 16;

}  // namespace

// Takes some of the queued topics, and reads what is oldest in them: without the lock.
Status Hub::plan_trims(CommitGroup& group) {
  const uint64_t lacking = lacking_room(group.usage);
  const bool has_time = lacking > 0 || written_events_ == 0;
  size_t events = has_time ? kMostTrimmed : kLeastTrimmed + kTimesWritten * written_events_;
  uint64_t bytes = kLeastTrimmedBytes + kTimesWritten * written_bytes_;
  if (Status planned = plan_trims_for_space(group.usage, lacking, events, bytes); !planned) {
    return planned;
  }
  {
    const std::lock_guard lock(mutex_);
    std::vector<topics::Topic*>& queue = retention_.to_trim();
    const size_t count = std::min(queue.size(), lacking > 0 ? events : kTopicsAStep);
    for (size_t index = 0; index < count; ++index) {
      group.trims.push_back({.topic = queue[index],
                             .number = queue[index]->disk.number,
                             .most = retention_.most_to_trim(*queue[index])});
    }
    std::rotate(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(count), queue.end());
  }
  for (size_t index = 0; index < group.trims.size(); ++index) {
    if (events == 0 || bytes == 0) {
      group.trims.resize(index);
      break;
    }
    TrimPlan& plan = group.trims[index];
    // One more than may go: the one that is the oldest afterwards.
    const size_t most = std::min(plan.most, events);
    auto heads = journal_->oldest_of(plan.number, 0, most + 1, bytes);
    if (!heads) {
      group.trims.clear();
      return std::move(heads).failure();
    }
    plan.heads = std::move(*heads);
    uint64_t sum = 0;
    for (size_t head = 0; head + 1 < plan.heads.size(); ++head) {
      sum += plan.heads[head].bytes;
    }
    plan.is_whole = plan.heads.size() <= most && sum < bytes;
    events -= std::min(events, plan.heads.size());
    bytes -= std::min(bytes, sum);
  }
  return Ok{};
}

// What the first that waits needs beyond the room that there is.
uint64_t Hub::lacking_room(const topics::JournalUsage& usage) {
  const std::lock_guard lock(mutex_);
  const uint64_t needed = pending_.empty() ? 0 : room_needed(pending_.front(), usage);
  return needed - std::min(needed, usage.room_bytes);
}

// When all files together are nearly full, or a publisher waits for room, the topics of the oldest
// events have to let go of them: of as many as make that room, and no more than it says.
Status Hub::plan_trims_for_space(const topics::JournalUsage& usage, uint64_t lacking, size_t events,
                                 uint64_t bytes) {
  const uint64_t full = usage.limit_bytes / kFullDenominator * kFullNumerator;
  const uint64_t over = usage.used_bytes - std::min(usage.used_bytes, full);
  const uint64_t wanted = std::min(std::max(over, lacking), bytes);
  if (wanted == 0) {
    return Ok{};
  }
  auto oldest = journal_->oldest(events, wanted);
  if (!oldest) {
    return std::move(oldest).failure();
  }
  const std::lock_guard lock(mutex_);
  uint64_t sum = 0;
  for (size_t index = 0; index < oldest->size() && sum < wanted; ++index) {
    const topics::JournalHead& head = (*oldest)[index];
    sum += head.bytes;
    for (const std::string& name : head.topics) {
      topics::Topic* topic = catalog_.find(name);
      if (topic != nullptr && topic->is_journaled()) {
        retention_.force_out(*topic, head.seq);
      }
    }
  }
  return Ok{};
}

void Hub::carry_out(CommitGroup& group, TrimPlan& plan) {
  topics::Topic& topic = *plan.topic;
  topics::OnDisk& disk = topic.disk;
  const size_t most = plan.heads.size() - (plan.is_whole || plan.heads.empty() ? 0 : 1);
  size_t index = 0;
  uint64_t erased_up_to = 0;
  for (; index < most; ++index) {
    const topics::JournalHead& head = plan.heads[index];
    if (head.seq > topic.ring.evicted().high()) {
      if (!retention_.must_go(topic, head)) {
        break;
      }
      retention_.let_go(topic, head);
    }
    erased_up_to = head.seq;
    if (!is_held_elsewhere(topic, head)) {
      group.changes.erased_events.push_back(head.seq);
      group.freed_bytes += head.bytes;
    }
  }
  const bool is_kept =
      index < plan.heads.size() && plan.heads[index].seq > topic.ring.evicted().high();
  if (is_kept) {
    disk.oldest_seq = plan.heads[index].seq;
    disk.oldest_time_ms = plan.heads[index].time_ms;
  }
  plan.is_done = is_kept ? !retention_.must_go(topic, plan.heads[index])
                         : plan.is_whole && index == plan.heads.size();
  if (plan.is_done && !is_kept) {
    erased_up_to = topic.ring.evicted().high();  // Whatever entries there still are.
  }
  if (erased_up_to > 0) {
    group.changes.erased_entries.emplace_back(plan.number, erased_up_to);
    group.changes.topics.push_back(
        {plan.number, topic.name, topic.ring.evicted().high(), topic.deleted_high});
  }
}

// What a topic has lost is always its oldest part.
bool Hub::is_held_elsewhere(const topics::Topic& topic, const topics::JournalHead& head) const {
  return head.topics.size() > 1 &&
         std::any_of(head.topics.begin(), head.topics.end(), [&](const std::string& name) {
           const topics::Topic* other = catalog_.find(name);
           return other != nullptr && other != &topic && other->is_journaled() &&
                  head.seq > other->ring.evicted().high();
         });
}

bool Hub::has_trims() {
  const std::lock_guard lock(mutex_);
  return !retention_.to_trim().empty();
}

void Hub::end_trims(CommitGroup& group) {
  std::vector<topics::Topic*>& queue = retention_.to_trim();
  for (const TrimPlan& plan : group.trims) {
    if (plan.is_done) {
      const auto at = std::find(queue.rbegin(), queue.rend(), plan.topic);  // One of the last.
      queue.erase(std::next(at).base());
      plan.topic->disk.is_queued = false;
      catalog_.forget_if_unused(*plan.topic);
    }
  }
}

}  // namespace ringcast::server
