#pragma once

#include <atomic>
#include <cstdint>

namespace ringcast {

// A number that one thread counts up and others read: without the cost of a locked instruction.
class Counter {
 public:
  void add(uint64_t amount = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  [[nodiscard]] uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace ringcast
