#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace ringcast::bench {

// Counts of values in log-linear buckets, as HdrHistogram has them: 64 for each power of two, so a
// percentile is at most 1/64 above the true value. Any uint64_t fits.
class Histogram {
 public:
  void record(uint64_t value, uint64_t count = 1) {
    counts_[index_of(value)] += count;
    total_ += count;
    most_ = value > most_ ? value : most_;
  }
  void clear() { *this = Histogram(); }

  [[nodiscard]] uint64_t total() const noexcept { return total_; }
  [[nodiscard]] uint64_t most() const noexcept { return most_; }
  // The value that `share` (0 to 1) of the recorded ones do not exceed; 0 when there are none.
  [[nodiscard]] uint64_t at(double share) const {
    const double wanted = share * static_cast<double>(total_);
    uint64_t seen = 0;
    for (size_t index = 0; index < counts_.size(); ++index) {
      seen += counts_[index];
      if (seen > 0 && static_cast<double>(seen) >= wanted) {
        const uint64_t last = last_of(index);
        return last < most_ ? last : most_;
      }
    }
    return most_;
  }

 private:
  static constexpr unsigned kBits = 6;
  static constexpr uint64_t kLinear = uint64_t{2} << kBits;  // Below it each value has a bucket.

  static size_t index_of(uint64_t value) {
    if (value < kLinear) {
      return value;
    }
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - kBits - 1;
    return (static_cast<size_t>(shift) << kBits) + (value >> shift);
  }
  // The largest value of a bucket.
  static uint64_t last_of(size_t index) {
    if (index < kLinear) {
      return index;
    }
    const auto shift = static_cast<unsigned>((index >> kBits) - 1);
    const uint64_t top = index - (static_cast<size_t>(shift) << kBits);
    return ((top + 1) << shift) - 1;
  }

  std::vector<uint64_t> counts_ = std::vector<uint64_t>((64 - kBits + 1) << kBits);
  uint64_t total_ = 0;
  uint64_t most_ = 0;
};

}  // namespace ringcast::bench
