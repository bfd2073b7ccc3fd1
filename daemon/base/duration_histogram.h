#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/counter.h"

namespace ringcast {

// Durations, sorted into buckets that one thread fills and others read: like Counter, without the
// cost of a locked instruction.
class DurationHistogram {
 public:
  // The upper bounds of all buckets but the last, which has none. Microseconds.
  static constexpr std::array<int64_t, 16> kBoundsUs = {
      100,    250,     500,     1'000,   2'500,     5'000,     10'000,    25'000,
      50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};
  static constexpr size_t kBuckets = kBoundsUs.size() + 1;

  // A duration that was met `times` times; a negative one is none.
  void observe(int64_t us, uint64_t times = 1) noexcept {
    us = std::max<int64_t>(us, 0);
    const auto* bound = std::lower_bound(kBoundsUs.begin(), kBoundsUs.end(), us);
    counts_[static_cast<size_t>(bound - kBoundsUs.begin())].add(times);
    sum_us_.add(static_cast<uint64_t>(us) * times);
  }

  // Of this bucket alone.
  [[nodiscard]] uint64_t count(size_t bucket) const noexcept { return counts_[bucket].value(); }
  [[nodiscard]] uint64_t sum_us() const noexcept { return sum_us_.value(); }

 private:
  std::array<Counter, kBuckets> counts_;
  Counter sum_us_;
};

}  // namespace ringcast
