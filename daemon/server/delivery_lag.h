#pragma once

#include <array>
#include <cstdint>

#include "base/duration_histogram.h"

namespace ringcast::server {

// How old events are when the kernel gets them. One write to one subscriber counts once, with the
// age of the oldest event in it. The clock is read after kBatch writes, or at the end of the turn,
// and not for each: what is counted is never too short, and too long by what those took at the
// most. Belongs to its worker's Fanout.
class DeliveryLag {
 public:
  static constexpr size_t kBatch = 64;

  // Notes a write. True when count() is due.
  bool note(int64_t published_us) noexcept {
    if (used_ == 0 || noted_[used_ - 1].published_us != published_us) {
      noted_[used_++] = {published_us, 0};  // Subscribers of a group come one after another.
    }
    ++noted_[used_ - 1].writes;
    return ++writes_ == kBatch;
  }
  [[nodiscard]] bool has_noted() const noexcept { return writes_ > 0; }
  // The writes since the last call were done before now.
  void count(int64_t now_us) noexcept {
    for (size_t at = 0; at < used_; ++at) {
      durations_.observe(now_us - noted_[at].published_us, noted_[at].writes);
    }
    used_ = 0;
    writes_ = 0;
  }
  // Any thread.
  [[nodiscard]] const DurationHistogram& durations() const noexcept { return durations_; }

 private:
  struct Noted {
    int64_t published_us;
    uint64_t writes;
  };

  std::array<Noted, kBatch> noted_{};
  size_t used_ = 0;
  size_t writes_ = 0;
  DurationHistogram durations_;
};

}  // namespace ringcast::server
