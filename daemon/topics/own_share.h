#pragma once

#include <cstdint>
#include <set>
#include <utility>

#include "topics/budget.h"
#include "topics/catalog.h"

namespace ringcast::topics {

// What the broker's own events take of the memory, and which of them is the oldest. Guarded by the
// hub's lock.
class OwnShare {
 public:
  explicit OwnShare(Budget& budget) : budget_(budget) {}
  OwnShare(const OwnShare&) = delete;
  OwnShare& operator=(const OwnShare&) = delete;
  ~OwnShare() { budget_.release(by_oldest_.size() * kEntryCost); }

  // An event has been put into the ring of one of the broker's topics, or has left it.
  void add(const sse::Event& event, Topic& topic);
  void remove(const sse::Event& event, Topic& topic);

  // With the topics that hold them.
  [[nodiscard]] int64_t bytes() const noexcept { return bytes_; }
  // The topic with the oldest event; null without any.
  [[nodiscard]] Topic* oldest() const noexcept {
    return by_oldest_.empty() ? nullptr : by_oldest_.begin()->second;
  }

 private:
  static constexpr size_t kEntryCost = 64;

  Budget& budget_;
  std::set<std::pair<uint64_t, Topic*>> by_oldest_;  // By the seq of the oldest event.
  int64_t bytes_ = 0;
};

}  // namespace ringcast::topics
