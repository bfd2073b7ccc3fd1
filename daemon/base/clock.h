#pragma once

#include <cstdint>

namespace ringcast {

// The port to time, so that tests can drive it. Implementations are thread-safe.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  // Milliseconds since the Unix epoch: what users see, may step.
  [[nodiscard]] virtual int64_t unix_ms() const = 0;
  // Milliseconds that only ever grow: for intervals and ages.
  [[nodiscard]] virtual int64_t steady_ms() const = 0;
  // The same clock in microseconds: for durations that are counted.
  [[nodiscard]] virtual int64_t steady_us() const { return steady_ms() * 1000; }
};

}  // namespace ringcast
