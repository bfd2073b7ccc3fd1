#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace ringcast::client {

// Random bits from the system: for jitter and for idempotency keys.
[[nodiscard]] uint64_t random_bits();
[[nodiscard]] std::string random_hex();

// `duration_ms` after `from`, or for all that matters never.
[[nodiscard]] std::chrono::steady_clock::time_point later(
    std::chrono::steady_clock::time_point from, uint64_t duration_ms);

// How long to wait before each attempt of an outage: at least `base_ms`, and up to twice as long
// with each attempt until `cap_ms`, at random, so that clients do not come back in step.
class Backoff {
 public:
  using Random = std::function<uint64_t()>;

  Backoff(uint64_t base_ms, uint64_t cap_ms, Random random)
      : base_ms_(base_ms), cap_ms_(cap_ms), random_(std::move(random)) {}

  [[nodiscard]] uint64_t next_ms();
  void reset() { attempts_ = 0; }
  // The broker's `retry:`. Bounded below, so that no broker makes us spin.
  void set_base_ms(uint64_t base_ms);

 private:
  uint64_t base_ms_;
  uint64_t cap_ms_;
  Random random_;
  uint32_t attempts_ = 0;
};

}  // namespace ringcast::client
