#include "topics/retention.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

namespace ringcast::topics {

namespace {

// Under pressure more is freed than asked for, so that not every publish has to search.
constexpr int64_t kReclaimShare = 64;

// Of the memory, for the broker's own events: they come with readers, whom nobody may have let in.
constexpr int64_t kOwnShare = 8;

}  // namespace

size_t remembered(const Policy& policy) {
  // How much longer than the events themselves the seqs of evicted ones are kept, by count.
  constexpr uint64_t kTimes = 16;
  return static_cast<size_t>(std::clamp<uint64_t>(policy.events, 1, 1ULL << 40) * kTimes);
}

void PublisherIds::add(const sse::Event& event, Topic& topic) {
  if (entries_.emplace(std::hash<std::string_view>{}(event.id()), event.seq(), &topic).second) {
    budget_.charge(kEntryCost);
  }
}

void PublisherIds::remove(const sse::Event& event, Topic& topic) {
  if (entries_.erase({std::hash<std::string_view>{}(event.id()), event.seq(), &topic}) > 0) {
    budget_.release(kEntryCost);
  }
}

EventRef PublisherIds::oldest(std::string_view id, const Interest& interest) const {
  const size_t hash = std::hash<std::string_view>{}(id);
  for (auto entry = entries_.lower_bound({hash, 0, nullptr});
       entry != entries_.end() && std::get<0>(*entry) == hash; ++entry) {
    const auto& [unused, seq, topic] = *entry;
    if (!interest.matches(topic->name)) {
      continue;
    }
    const EventRef& event = topic->ring[topic->ring.first_after(seq - 1)].event;
    if (event->id() == id) {
      return event;
    }
  }
  return nullptr;
}

Topic& Retention::append(const EventRef& event, std::string_view name) {
  Topic& topic = catalog_.touch(name);
  if (!topic.holds_events()) {
    ++catalog_.with_events(topic);
  }
  put(event, topic);
  ++topic.tally->published;
  ++topic.published;
  topic.has_private = topic.has_private || event->is_private();
  if (topic.is_journaled()) {
    count_on_disk(*event, topic);
  }
  trim(topic);
  if (is_reserved(topic.name)) {
    bound_own(event->seq());
  }
  return topic;
}

void Retention::put(const EventRef& event, Topic& topic) {
  topic.ring.append(event);
  ++topic.tally->events;
  topic.tally->bytes += event->wire().size();
  if (event->has_publisher_id()) {
    ids_.add(*event, topic);
  }
  if (is_reserved(topic.name)) {
    own_.add(*event, topic);
  }
}

// It has left the topic's ring.
void Retention::note_gone(const sse::Event& event, Topic& topic) {
  --topic.tally->events;
  topic.tally->bytes -= event.wire().size();
  if (event.has_publisher_id()) {
    ids_.remove(event, topic);
  }
  if (is_reserved(topic.name)) {
    own_.remove(event, topic);
  }
}

int64_t Retention::own_share() const noexcept {
  return budget_.limit() / kOwnShare;
}

Topic& Retention::lose_own(uint64_t seq) {
  Topic& topic = catalog_.touch(kLossTopic);
  topic.ring.forget_up_to(seq, tell_clock_);
  return topic;
}

// What was published has left for them as far as it may: see Hub::make_room(). One event stays,
// however large.
void Retention::bound_own(uint64_t newest_seq) {
  int64_t to_free = std::max(own_.bytes() - own_share(), -budget_.left());
  while (to_free > 0 || catalog_.own_with_events > most_own_topics_) {
    Topic* topic = own_.oldest();
    if (topic == nullptr || topic->ring.oldest().seq == newest_seq) {
      return;
    }
    to_free += own_.bytes();
    evict_oldest(*topic);
    topic->ring.trim_evicted(0);
    to_free -= own_.bytes();
    if (topic->ring.empty()) {
      catalog_.forget_if_unused(*topic);
    }
  }
}

void Retention::trim(Topic& topic) {
  const Policy& policy = *topic.policy;
  if (topic.ring.size() <= policy.events && topic.ring.bytes() <= policy.bytes) {
    return;
  }
  const uint64_t pumped = pumped_by_all(topic);
  while (topic.ring.size() > policy.events || topic.ring.bytes() > policy.bytes) {
    const Ring::Slot& oldest = topic.ring.oldest();
    if (oldest.seq > pumped || oldest.event->time_ms() + policy.grace_ms > now_unix_ms_) {
      return;
    }
    evict_oldest(topic);
  }
}

void Retention::evict_oldest(Topic& topic) {
  const bool is_on_disk = topic.is_journaled();
  const EventRef gone = is_on_disk
                            ? topic.ring.page_out_oldest()
                            : topic.ring.evict_oldest(tell_clock_, remembered(*topic.policy));
  topic.disk.paged_high = is_on_disk ? gone->seq() : 0;
  ++evictions_;
  note_gone(*gone, topic);
  if (!topic.holds_events()) {
    --catalog_.with_events(topic);
  }
}

uint64_t Retention::pumped_by_all(const Topic& topic) const {
  uint64_t lowest = std::numeric_limits<uint64_t>::max();
  for (uint64_t left = topic.workers; left != 0; left &= left - 1) {
    const auto worker = static_cast<size_t>(__builtin_ctzll(left));
    lowest = std::min(lowest, pumped_[worker].load(std::memory_order_acquire));
  }
  return lowest;
}

void Retention::clear(Topic& topic) {
  if (topic.is_journaled()) {
    clear_on_disk(topic);
    return;
  }
  while (!topic.ring.empty()) {
    topic.deleted_high = topic.ring.oldest().seq;
    evict_oldest(topic);
  }
}

void Retention::sweep(int64_t now_unix_ms, size_t count) {
  now_unix_ms_ = std::max(now_unix_ms_, now_unix_ms);
  const auto& by_name = catalog_.by_name();
  auto next = by_name.upper_bound(sweep_after_);
  for (; count > 0 && next != by_name.end(); --count) {
    Topic& topic = *next->second;
    ++next;  // The topic may go.
    trim(topic);
    const Policy& policy = *topic.policy;
    const uint64_t pumped = pumped_by_all(topic);
    while (policy.age_ms > 0 && topic.ring.size() > policy.keep &&
           topic.ring.oldest().event->time_ms() + policy.age_ms <= now_unix_ms_ &&
           topic.ring.oldest().seq <= pumped) {
      evict_oldest(topic);
    }
    queue_if_over(topic);
    sweep_after_ = topic.name;
    catalog_.forget_if_unused(topic);
  }
  if (next == by_name.end()) {
    sweep_after_.clear();
  }
}

Status Retention::make_room(size_t bytes) {
  const auto wanted = static_cast<int64_t>(bytes);
  if (budget_.left() >= wanted) {
    return Ok{};
  }
  if (wanted > budget_.limit()) {
    return fail(Errc::kOverloaded, "the events do not fit in `memory`");
  }
  const int64_t target = budget_.limit() - wanted - budget_.limit() / kReclaimShare;
  drop_evicted_logs(target);
  while (budget_.used() > target && catalog_.drop_oldest_tombstone()) {
  }
  evict_for_memory(budget_.used() - target, false);
  evict_for_memory(budget_.used() - target, true);
  if (budget_.left() >= wanted) {
    return Ok{};
  }
  // What is left is waited for: by a worker that has not pumped, or by a socket for one event.
  return fail(Errc::kBehind, "out of `memory` until subscribers have been served");
}

void Retention::drop_evicted_logs(int64_t target_used) {
  for (const auto& [name, topic] : catalog_.by_name()) {
    if (budget_.used() <= target_used) {
      return;
    }
    topic->ring.trim_evicted(0);
  }
}

// Counts what it lets go rather than what comes free: a worker may hold on to an event for the
// rest of its turn, which must not cost the whole history.
void Retention::evict_for_memory(int64_t to_free, bool with_subscribers) {
  if (to_free <= 0) {
    return;
  }
  using Candidate = std::pair<uint64_t, Topic*>;
  std::vector<Candidate> fullest;
  for (const auto& [name, topic] : catalog_.by_name()) {
    if (!topic->ring.empty() && (with_subscribers || topic->workers == 0)) {
      fullest.emplace_back(topic->ring.bytes(), topic);
    }
  }
  std::make_heap(fullest.begin(), fullest.end());
  while (to_free > 0 && !fullest.empty()) {
    std::pop_heap(fullest.begin(), fullest.end());
    Topic& topic = *fullest.back().second;
    if (topic.ring.oldest().seq > pumped_by_all(topic)) {
      fullest.pop_back();
      continue;
    }
    // An event of several topics comes free with the last of them.
    const EventRef& oldest = topic.ring.oldest().event;
    to_free -= static_cast<int64_t>(oldest->memory() / oldest->topics().size());
    evict_oldest(topic);
    topic.ring.trim_evicted(0);
    if (topic.ring.empty()) {
      fullest.pop_back();
      catalog_.forget_if_unused(topic);
      continue;
    }
    fullest.back().first = topic.ring.bytes();
    std::push_heap(fullest.begin(), fullest.end());
  }
}

}  // namespace ringcast::topics
