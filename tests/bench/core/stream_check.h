#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace ringcast::bench {

// What was wrong with streams; all zero in a good run.
struct Faults {
  uint64_t missing = 0;
  uint64_t duplicate = 0;
  uint64_t out_of_order = 0;
};

// Watches one stream of one topic: each publisher's seqs have to come whole and in order.
class StreamCheck {
 public:
  // `expected`: the next seq of each publisher.
  explicit StreamCheck(std::vector<uint32_t> expected) : expected_(std::move(expected)) {}

  void on_event(uint32_t publisher, uint32_t seq, Faults& faults);
  // Starts anew from here, as when what came before was only to get acquainted.
  void expect(uint32_t publisher, uint32_t seq) { expected_[publisher] = seq; }
  [[nodiscard]] uint32_t expected(uint32_t publisher) const { return expected_[publisher]; }
  // The same for streams that got the same events in the same order.
  [[nodiscard]] uint64_t order() const noexcept { return order_; }
  void forget_order() { order_ = 0; }

 private:
  struct Hole {
    uint32_t publisher;
    uint32_t first;
    uint32_t end;
  };
  bool fill_hole(uint32_t publisher, uint32_t seq);

  std::vector<uint32_t> expected_;
  std::vector<Hole> holes_;  // What is missing; empty in a good run.
  uint64_t order_ = 0;
};

}  // namespace ringcast::bench
