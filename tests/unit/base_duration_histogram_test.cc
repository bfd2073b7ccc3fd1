#include <doctest/doctest.h>

#include "base/duration_histogram.h"

namespace ringcast::base_duration_histogram_test {
namespace {

TEST_CASE("base: a duration is counted in the first bucket whose bound it does not pass") {
  for (size_t bucket = 0; bucket < DurationHistogram::kBoundsUs.size(); ++bucket) {
    CAPTURE(bucket);
    const int64_t bound = DurationHistogram::kBoundsUs[bucket];
    DurationHistogram histogram;
    histogram.observe(bound - 1);
    histogram.observe(bound);
    histogram.observe(bound + 1);
    CHECK(histogram.count(bucket) == 2);
    CHECK(histogram.count(bucket + 1) == 1);
    CHECK(histogram.sum_us() == static_cast<uint64_t>(3 * bound));
  }
}

TEST_CASE("base: a duration beyond all bounds is in the last bucket") {
  DurationHistogram histogram;
  histogram.observe(3'600'000'000);
  CHECK(histogram.count(DurationHistogram::kBuckets - 1) == 1);
}

TEST_CASE("base: a duration that was met several times counts as often, in the sum as well") {
  DurationHistogram histogram;
  histogram.observe(200, 3);
  CHECK(histogram.count(1) == 3);
  CHECK(histogram.sum_us() == 600);
}

TEST_CASE("base: a negative duration counts as none") {
  DurationHistogram histogram;
  histogram.observe(-5);
  CHECK(histogram.count(0) == 1);
  CHECK(histogram.sum_us() == 0);
}

}  // namespace
}  // namespace ringcast::base_duration_histogram_test
