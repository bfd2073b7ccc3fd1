#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"

namespace ringcast {

// Time stands still until the test moves it.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] int64_t unix_ms() const override { return unix_ms_; }
  [[nodiscard]] int64_t steady_ms() const override { return steady_ms_; }

  void advance(int64_t ms) {
    unix_ms_ += ms;
    steady_ms_ += ms;
  }
  // The wall clock is set, forth or back.
  void step_unix(int64_t ms) { unix_ms_ += ms; }

 private:
  std::atomic<int64_t> unix_ms_{1'700'000'000'000};
  std::atomic<int64_t> steady_ms_{1'000'000};
};

}  // namespace ringcast
