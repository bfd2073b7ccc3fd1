#include <doctest/doctest.h>

#include "server/delivery_lag.h"

namespace ringcast::server::server_delivery_lag_test {
namespace {

uint64_t observations(const DurationHistogram& histogram) {
  uint64_t count = 0;
  for (size_t bucket = 0; bucket < DurationHistogram::kBuckets; ++bucket) {
    count += histogram.count(bucket);
  }
  return count;
}

TEST_CASE("server: each write counts once, with the age that its event has at the count") {
  DeliveryLag lag;
  CHECK_FALSE(lag.has_noted());
  lag.note(1000);
  lag.note(1000);
  lag.note(600);
  CHECK(lag.has_noted());
  lag.count(1200);
  CHECK_FALSE(lag.has_noted());
  CHECK(observations(lag.durations()) == 3);
  CHECK(lag.durations().sum_us() == 200 + 200 + 600);
}

TEST_CASE("server: a full batch of writes is due, whether of one event or of many") {
  for (const bool is_one : {true, false}) {
    CAPTURE(is_one);
    DeliveryLag lag;
    for (int turn = 0; turn < 2; ++turn) {
      for (size_t write = 1; write < DeliveryLag::kBatch; ++write) {
        REQUIRE_FALSE(lag.note(is_one ? 1 : static_cast<int64_t>(write)));
      }
      REQUIRE(lag.note(is_one ? 1 : DeliveryLag::kBatch));
      lag.count(100);
    }
    CHECK(observations(lag.durations()) == 2 * DeliveryLag::kBatch);
  }
}

}  // namespace
}  // namespace ringcast::server::server_delivery_lag_test
