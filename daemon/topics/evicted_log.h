#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/fifo.h"

namespace ringcast::topics {

// Each telling of a gap moves this clock on; what is evicted afterwards bears the later time. A
// subscriber remembers the time of its last telling, so that no loss is told twice or never.
using TellTime = uint64_t;

using TopicNames = std::shared_ptr<const std::vector<std::string>>;

// An event that had several topics and has left one of them.
struct SharedLoss {
  uint64_t seq = 0;
  TopicNames names;  // Of all its topics. Null: the rings say whether it is still somewhere.
};

// The seqs that have left a ring, so that "what did this reader miss?" has an exact answer. What
// leaves a ring is always its oldest part: all up to high() is gone, all above is still there.
class EvictedLog {
 public:
  // `shared`: the event has other topics too, so that it may still reach the reader.
  // `names`: of all its topics, where they are known.
  void add(uint64_t seq, bool shared, TellTime now, TopicNames names = {});
  // A topic that comes back, or one whose past is not known: everything up to `high` may be lost.
  void forget_up_to(uint64_t high, TellTime when);
  // Keeps at most `count` seqs. What is dropped is lost in an unknown number.
  void trim(size_t count);

  [[nodiscard]] uint64_t high() const noexcept { return high_; }
  // Losses at or below are known, but not their number.
  [[nodiscard]] uint64_t exact_above() const noexcept { return exact_above_; }
  // When the last loss happened.
  [[nodiscard]] TellTime last_time() const noexcept {
    return marks_.empty() ? 0 : marks_.back().when;
  }
  // The highest seq that was gone at the time `told` (0: never told).
  [[nodiscard]] uint64_t high_at(TellTime told) const;
  // How many events of this topic alone were lost in (after, high()].
  [[nodiscard]] uint64_t count_unshared(uint64_t after) const;
  [[nodiscard]] uint64_t last_unshared() const noexcept {
    return unshared_.empty() ? 0 : unshared_.back();
  }
  // Appends what was lost in (after, high()] and had other topics.
  void collect_shared(uint64_t after, std::vector<const SharedLoss*>& out) const;
  [[nodiscard]] size_t size() const noexcept { return unshared_.size() + shared_.size(); }
  [[nodiscard]] size_t memory() const noexcept {
    return unshared_.memory() + shared_.memory() + marks_.memory() + names_memory_;
  }

 private:
  struct Mark {
    TellTime when;
    uint64_t high;
  };

  Fifo<uint64_t> unshared_;
  Fifo<SharedLoss> shared_;
  Fifo<Mark> marks_;
  uint64_t high_ = 0;
  uint64_t exact_above_ = 0;
  size_t names_memory_ = 0;  // Of shared_'s names, each counted in every topic (estimate).
};

}  // namespace ringcast::topics
