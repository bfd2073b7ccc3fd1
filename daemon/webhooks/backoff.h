#pragma once

#include <algorithm>
#include <cstdint>

namespace ringcast::webhooks {

// How long to wait after failures in a row: twice as long after each, up to a bound, and of that
// between a half and all, so that not all receivers of a machine that comes back are met at once.
class Backoff {
 public:
  // `random`: any number.
  [[nodiscard]] int64_t next(int64_t first_ms, int64_t most_ms, uint64_t random) {
    wait_ms_ = std::min(wait_ms_ == 0 ? first_ms : 2 * wait_ms_, most_ms);
    const int64_t half_ms = wait_ms_ / 2;
    return wait_ms_ - half_ms + static_cast<int64_t>(random % static_cast<uint64_t>(half_ms + 1));
  }
  void reset() { wait_ms_ = 0; }

 private:
  int64_t wait_ms_ = 0;
};

}  // namespace ringcast::webhooks
