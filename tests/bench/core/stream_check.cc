#include "core/stream_check.h"

#include <cstddef>

namespace ringcast::bench {

namespace {

constexpr size_t kMostHoles = 1000;  // A stream with more is bad enough.

}  // namespace

void StreamCheck::on_event(uint32_t publisher, uint32_t seq, Faults& faults) {
  order_ = (order_ ^ (uint64_t{publisher} << 32 | seq)) * 0x9e3779b97f4a7c15;
  if (publisher >= expected_.size()) {
    ++faults.duplicate;  // Nobody here has sent it.
    return;
  }
  uint32_t& expected = expected_[publisher];
  if (seq == expected) {
    ++expected;
  } else if (seq > expected) {
    faults.missing += seq - expected;
    if (holes_.size() < kMostHoles) {
      holes_.push_back({publisher, expected, seq});
    }
    expected = seq + 1;
  } else if (fill_hole(publisher, seq)) {
    --faults.missing;
    ++faults.out_of_order;
  } else {
    ++faults.duplicate;
  }
}

bool StreamCheck::fill_hole(uint32_t publisher, uint32_t seq) {
  for (size_t index = 0; index < holes_.size(); ++index) {
    const Hole hole = holes_[index];
    if (hole.publisher == publisher && seq >= hole.first && seq < hole.end) {
      holes_.erase(holes_.begin() + static_cast<std::ptrdiff_t>(index));
      if (hole.first < seq) {
        holes_.push_back({publisher, hole.first, seq});
      }
      if (seq + 1 < hole.end) {
        holes_.push_back({publisher, seq + 1, hole.end});
      }
      return true;
    }
  }
  return false;
}

}  // namespace ringcast::bench
