#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/fifo.h"
#include "topics/budget.h"

namespace ringcast::topics {

// Each telling of a gap moves this clock on; what is evicted afterwards bears the later time. A
// subscriber remembers the time of its last telling, so that no loss is told twice or never.
using TellTime = uint64_t;

// The seqs that have left a ring, so that "what did this reader miss?" has an exact answer. What
// leaves a ring is always its oldest part: all up to high() is gone, all above is still there.
class EvictedLog {
 public:
  // `shared`: the event has other topics too, so that it may still reach the reader.
  void add(uint64_t seq, bool shared, TellTime now);
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
  // Appends the seqs lost in (after, high()] that had other topics.
  void collect_shared(uint64_t after, std::vector<uint64_t>& out) const;
  [[nodiscard]] size_t size() const noexcept { return unshared_.size() + shared_.size(); }
  [[nodiscard]] size_t memory() const noexcept {
    return unshared_.memory() + shared_.memory() + marks_.memory();
  }

 private:
  struct Mark {
    TellTime when;
    uint64_t high;
  };

  Fifo<uint64_t> unshared_;
  Fifo<uint64_t> shared_;
  Fifo<Mark> marks_;
  uint64_t high_ = 0;
  uint64_t exact_above_ = 0;
};

// The newest events of one topic in the order of their seqs. Guarded by the hub's lock; charges
// its own memory to the budget (events charge themselves).
class Ring {
 public:
  struct Slot {
    uint64_t seq;
    EventRef event;
  };

  explicit Ring(Budget& budget) : budget_(budget) {}
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() { budget_.release(charged_); }

  void append(EventRef event);
  // Evicts the oldest; the log remembers at most `remember` losses.
  EventRef evict_oldest(TellTime now, size_t remember);
  void trim_evicted(size_t remember);
  void forget_up_to(uint64_t high, TellTime when) { evicted_.forget_up_to(high, when); }

  [[nodiscard]] bool empty() const noexcept { return slots_.empty(); }
  [[nodiscard]] size_t size() const noexcept { return slots_.size(); }
  [[nodiscard]] uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] const Slot& operator[](size_t index) const noexcept { return slots_[index]; }
  [[nodiscard]] const Slot& oldest() const noexcept { return slots_.front(); }
  [[nodiscard]] const Slot& newest() const noexcept { return slots_.back(); }
  // The index of the first event after `seq`; size() when there is none.
  [[nodiscard]] size_t first_after(uint64_t seq) const;
  // The index of the first event at or after the time.
  [[nodiscard]] size_t first_since(int64_t unix_ms) const;
  [[nodiscard]] bool contains(uint64_t seq) const;
  [[nodiscard]] const EvictedLog& evicted() const noexcept { return evicted_; }

 private:
  void recharge();

  Budget& budget_;  // The hub's; outlives every ring.
  Fifo<Slot> slots_;
  EvictedLog evicted_;
  uint64_t bytes_ = 0;  // Of the wire blocks.
  size_t charged_ = 0;
};

}  // namespace ringcast::topics
