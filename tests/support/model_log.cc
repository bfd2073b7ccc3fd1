#include "support/model_log.h"

#include <algorithm>
#include <utility>

#include "sse/position.h"

namespace ringcast::model {

uint64_t Logged::gone_tick(Mask subscription) const {
  uint64_t last = 0;
  each_topic(topics & subscription, [&](size_t topic) { last = std::max(last, left_tick[topic]); });
  return last;
}

std::string_view Logged::id(std::string& room) const {
  if (own_id.empty()) {
    room = sse::format_position(kEpoch, seq);
    return room;
  }
  return own_id;
}

Log::Log(server::Hub* hub, const server::Options& options, bool is_tight, bool has_journal,
         Verdict& verdict)
    : hub_(hub),
      verdict_(verdict),
      has_journal_(has_journal),
      is_tight_(is_tight),
      may_fold_(options.limits.topics < kTopics.size()) {
  for (size_t topic = 0; topic < kTopics.size(); ++topic) {
    policies_[topic] = &options.policies.of(kTopics[topic]);
  }
}

void Log::append(Logged event) {
  event.seq = committed() + 1;
  event.retained = event.topics;
  std::string room;
  std::string block = "id: ";
  block.append(event.id(room)).append("\n").append(event.block);
  event.block = std::move(block);
  each_topic(event.topics, [&](size_t topic) { rings_[topic].push_back(event.seq); });
  seqs_by_serial_.emplace(event.serial, event.seq);
  events_.push_back(std::move(event));
}

void Log::restart(server::Hub& hub, uint64_t last) {
  hub_ = &hub;
  while (committed() < last) {
    events_.push_back({.seq = committed() + 1});
  }
  for (size_t topic = 0; topic < kTopics.size(); ++topic) {
    fuzzy_[topic] = std::max(fuzzy_[topic], gone_high_[topic]);
    evicted_[topic].clear();
  }
}

const Logged* Log::of_serial(uint64_t serial) const {
  const auto found = seqs_by_serial_.find(serial);
  return found == seqs_by_serial_.end() ? nullptr : &(*this)[found->second];
}

void Log::sync(Mask topics, Cause cause, int64_t now_ms) {
  ++tick_;
  each_topic(topics, [&](size_t topic) {
    const auto view = hub_->view(kTopics[topic]);
    const std::vector<uint64_t>& ring = rings_[topic];
    const uint64_t events = view ? view->events : 0;
    if (events > ring.size()) {
      verdict_.fail("a ring holds events that nobody published");
      return;
    }
    evict(topic, ring.size() - events, cause, now_ms);
    if (!ring.empty() && tick_ % 4 == 0) {  // Not always, as it takes time.
      verdict_.expect(view->oldest == sse::format_position(kEpoch, ring.front()) &&
                          view->newest == sse::format_position(kEpoch, ring.back()),
                      "a ring does not hold the newest events");
      verdict_.expect(view->bytes == bytes(topic), "a ring counts its bytes wrongly");
    }
    // What a topic lost before it was forgotten has no number, nor what "somebody" lost.
    if (!view || !exists_[topic]) {
      fuzzy_[topic] = std::max(fuzzy_[topic], may_fold_ ? committed() : gone_high_[topic]);
      evicted_[topic].clear();
    }
    if (is_tight_) {
      fuzzy_[topic] = committed();
    }
    exists_[topic] = view.has_value();
  });
}

uint64_t Log::bytes(size_t topic) const {
  uint64_t sum = 0;
  for (const uint64_t seq : rings_[topic]) {
    sum += (*this)[seq].block.size();
  }
  return sum;
}

uint64_t Log::topics_with_events(bool of_broker) const {
  uint64_t count = 0;
  for (size_t topic = 0; topic < kTopics.size(); ++topic) {
    const bool is_such = topics::is_reserved(kTopics[topic]) == of_broker;
    count += is_such && !rings_[topic].empty() ? 1 : 0;
  }
  return count;
}

// Would the topic still be too full, or the event too old, when all before it had gone?
bool Log::may_go(size_t topic, size_t index, Cause cause, int64_t now_ms) const {
  const std::vector<uint64_t>& ring = rings_[topic];
  const topics::Policy& wanted = policy(topic);
  const int64_t time_ms = (*this)[ring[index]].time_ms;
  const size_t left = ring.size() - index;
  uint64_t bytes_left = 0;
  for (size_t at = index; at < ring.size(); ++at) {
    bytes_left += (*this)[ring[at]].block.size();
  }
  const int64_t age_ms = has_journal_ ? wanted.retain.age_ms : wanted.age_ms;
  return (is_over(topic, left, bytes_left) && time_ms + wanted.grace_ms <= now_ms) ||
         (cause == Cause::kSweep && age_ms > 0 && left > wanted.keep && time_ms + age_ms <= now_ms);
}

bool Log::is_over(size_t topic, size_t left, uint64_t bytes_left) const {
  const topics::Policy& wanted = policy(topic);
  const topics::Retain& retain = wanted.retain;
  if (has_journal_) {
    return (retain.events > 0 && left > retain.events) ||
           (retain.bytes > 0 && bytes_left > retain.bytes);
  }
  return left > wanted.events || bytes_left > wanted.bytes;
}

void Log::evict(size_t topic, size_t count, Cause cause, int64_t now_ms) {
  std::vector<uint64_t>& ring = rings_[topic];
  for (size_t index = 0; index < count; ++index) {
    Logged& event = events_[ring[index] - 1];
    if (cause != Cause::kDelete && !is_tight_ && !may_go(topic, index, cause, now_ms)) {
      verdict_.fail("event " + std::to_string(event.seq) + " left topic " +
                    std::string(kTopics[topic]) + " too early");
    }
    event.retained &= ~(Mask{1} << topic);
    event.deleted |= cause == Cause::kDelete ? Mask{1} << topic : 0;
    event.left_tick[topic] = tick_;
    gone_high_[topic] = event.seq;
    evicted_[topic].push_back(event.seq);
  }
  ring.erase(ring.begin(), ring.begin() + static_cast<std::ptrdiff_t>(count));
  if (has_journal_ && cause == Cause::kDelete && count > 0) {
    fuzzy_[topic] = std::max(fuzzy_[topic], gone_high_[topic]);  // Some were on disk only.
  }
  const uint64_t remembered = 16 * std::max<uint64_t>(policy(topic).events, 1);
  if (evicted_[topic].size() > remembered) {
    const uint64_t dropped = evicted_[topic][evicted_[topic].size() - remembered - 1];
    fuzzy_[topic] = std::max(fuzzy_[topic], dropped);
  }
}

void Log::expect_trimmed(int64_t now_ms) const {
  for (size_t topic = 0; topic < kTopics.size(); ++topic) {
    if (!rings_[topic].empty() && may_go(topic, 0, Cause::kSweep, now_ms)) {
      verdict_.fail("topic " + std::string(kTopics[topic]) + " keeps more than its policy wants");
    }
  }
}

}  // namespace ringcast::model
