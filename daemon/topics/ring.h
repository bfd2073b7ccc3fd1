#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/fifo.h"
#include "topics/budget.h"
#include "topics/evicted_log.h"

namespace ringcast::topics {

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
  // Lets go of the oldest, which the journal still has: no loss.
  EventRef page_out_oldest();
  // An event has left the journal, and this ring before. `names`: of its topics, if several.
  void note_loss(uint64_t seq, TopicNames names, TellTime now, size_t remember);
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
