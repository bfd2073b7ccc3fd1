#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "server/rate_limiter.h"

namespace ringcast::server::server_rate_limiter_test {
namespace {

constexpr uint64_t kRoom = 16'000;

// What is allowed out of so many tries at a time.
size_t allowed(RateLimiter& limiter, std::string_view client, size_t tries, int64_t now_ms) {
  size_t count = 0;
  for (size_t i = 0; i < tries; ++i) {
    count += limiter.take(client, 1, now_ms).is_allowed ? 1 : 0;
  }
  return count;
}

TEST_CASE("server: a client may do so much at once as the burst holds, and not one more") {
  RateLimiter limiter({.per_second = 10, .burst_ms = 2000}, kRoom);
  CHECK(allowed(limiter, "a", 100, 5000) == 20);
  CHECK(allowed(limiter, "a", 100, 5000) == 0);
}

TEST_CASE("server: a bucket fills with its rate, and no further than the burst") {
  RateLimiter limiter({.per_second = 10, .burst_ms = 1000}, kRoom);
  CHECK(allowed(limiter, "a", 100, 0) == 10);
  CHECK(allowed(limiter, "a", 100, 99) == 0);
  CHECK(allowed(limiter, "a", 100, 100) == 1);
  CHECK(allowed(limiter, "a", 100, 600) == 5);
  CHECK(allowed(limiter, "a", 100, 3'600'000) == 10);
}

TEST_CASE("server: over a long time the rate is exact") {
  RateLimiter limiter({.per_second = 1000, .burst_ms = 100}, kRoom);
  size_t count = 0;
  for (int64_t now = 0; now < 10'000; now += 7) {
    count += allowed(limiter, "a", 200, now);
  }
  // 100 in the beginning, then 1,000 a second up to the last call at 9,996.
  CHECK(count == 100 + 9996);
}

TEST_CASE("server: who is refused is told when it will be allowed, and then is") {
  RateLimiter limiter({.per_second = 3, .burst_ms = 1000}, kRoom);
  CHECK(allowed(limiter, "a", 10, 1000) == 3);
  const auto refused = limiter.take("a", 1, 1000);
  CHECK_FALSE(refused.is_allowed);
  CHECK(refused.wait_ms == 334);
  CHECK(limiter.take("a", 2, 1000).wait_ms == 667);
  CHECK_FALSE(limiter.take("a", 1, 1333).is_allowed);
  CHECK(limiter.take("a", 1, 1000 + refused.wait_ms).is_allowed);
}

TEST_CASE("server: a refusal costs nothing") {
  RateLimiter limiter({.per_second = 10, .burst_ms = 1000}, kRoom);
  CHECK(allowed(limiter, "a", 8, 0) == 8);
  for (int i = 0; i < 100; ++i) {
    CHECK_FALSE(limiter.take("a", 3, 0).is_allowed);
  }
  CHECK(limiter.take("a", 2, 0).is_allowed);
}

TEST_CASE("server: what is given back can be taken again, and no more than that") {
  RateLimiter limiter({.per_second = 10, .burst_ms = 1000}, kRoom);
  CHECK(limiter.take("a", 10, 0).is_allowed);
  limiter.give_back("a", 4);
  CHECK(allowed(limiter, "a", 100, 0) == 4);
  limiter.give_back("nobody", 4);
  CHECK(limiter.size() == 1);
  CHECK(allowed(limiter, "a", 100, 10'000) == 10);  // Given back or not: a burst is a burst.
}

TEST_CASE("server: what is larger than a bucket needs a full one, and is paid off") {
  RateLimiter limiter({.per_second = 10, .burst_ms = 1000}, kRoom);
  CHECK(limiter.take("a", 1, 0).is_allowed);
  CHECK(limiter.take("a", 50, 0).wait_ms == 100);
  CHECK(limiter.take("a", 50, 100).is_allowed);
  CHECK(limiter.take("a", 1, 100).wait_ms == 4100);
  CHECK(limiter.take("a", 1, 4200).is_allowed);
}

TEST_CASE("server: a burst that holds less than one lets one through") {
  RateLimiter limiter({.per_second = 1, .burst_ms = 100}, kRoom);
  CHECK(allowed(limiter, "a", 5, 0) == 1);
  CHECK(limiter.take("a", 1, 0).wait_ms == 1000);
  CHECK(allowed(limiter, "a", 5, 999) == 0);
  CHECK(allowed(limiter, "a", 5, 1000) == 1);
}

TEST_CASE("server: extreme costs, rates and times do not overflow") {
  RateLimiter slow({.per_second = 1, .burst_ms = 3'600'000}, kRoom);
  const int64_t far = 4'000'000'000'000;  // More than a century.
  CHECK(slow.take("a", UINT64_MAX, far).is_allowed);
  const auto refused = slow.take("a", UINT64_MAX, far);
  CHECK_FALSE(refused.is_allowed);
  CHECK(refused.wait_ms > 0);
  RateLimiter quick({.per_second = 10'000'000, .burst_ms = 100}, kRoom);
  CHECK(quick.take("a", 1'000'000, 0).is_allowed);
  CHECK(quick.take("a", 1, 0).wait_ms == 1);
  CHECK(quick.take("a", 0, 0).is_allowed);
}

TEST_CASE("server: a time that steps back takes nothing away") {
  RateLimiter limiter({.per_second = 10, .burst_ms = 1000}, kRoom);
  CHECK(allowed(limiter, "a", 4, 1000) == 4);
  CHECK(limiter.take("a", 1, 999).is_allowed);
}

TEST_CASE("server: clients have buckets of their own") {
  RateLimiter limiter({.per_second = 1, .burst_ms = 1000}, kRoom);
  CHECK(allowed(limiter, "a", 2, 0) == 1);
  CHECK(allowed(limiter, "b", 2, 0) == 1);
  CHECK(allowed(limiter, std::string("a\0", 2), 2, 0) == 1);
  CHECK(allowed(limiter, "", 2, 0) == 1);
  CHECK(limiter.size() == 4);
}

TEST_CASE("server: buckets are bounded in number") {
  RateLimiter limiter({.per_second = 1, .burst_ms = 1000}, 1600);
  for (int i = 0; i < 20'000; ++i) {
    CHECK(limiter.take(std::to_string(i), 1, 0).is_allowed);
    REQUIRE(limiter.size() <= 1600);
  }
  CHECK(limiter.size() == 1600);
}

TEST_CASE("server: when there is no room, empty buckets outlast full ones") {
  RateLimiter limiter({.per_second = 1, .burst_ms = 1000}, 1600);
  CHECK(limiter.take("in debt", 1'000'000, 0).is_allowed);
  for (int i = 0; i < 20'000; ++i) {
    limiter.take(std::to_string(i), 1, 10'000);
  }
  CHECK_FALSE(limiter.take("in debt", 1, 10'000).is_allowed);
}

TEST_CASE("server: when there is no room, what was used last outlasts the rest") {
  RateLimiter limiter({.per_second = 1, .burst_ms = 1000}, 1600);
  CHECK(limiter.take("busy", 1, 0).is_allowed);
  for (int i = 0; i < 20'000; ++i) {
    limiter.take(std::to_string(i), 1, 0);
    REQUIRE_FALSE(limiter.take("busy", 1, 0).is_allowed);
  }
}

TEST_CASE("server: a new rate goes on from what the buckets lack") {
  RateLimiter limiter({.per_second = 10, .burst_ms = 1000}, kRoom);
  CHECK(allowed(limiter, "a", 100, 0) == 10);
  limiter.set_options({.per_second = 100, .burst_ms = 1000}, kRoom);
  CHECK(allowed(limiter, "a", 1000, 0) == 0);
  CHECK(allowed(limiter, "a", 1000, 500) == 50);
  limiter.set_options({.per_second = 100, .burst_ms = 1000}, 16);
  CHECK(allowed(limiter, "b", 1000, 500) == 100);
}

TEST_CASE("server: less room takes effect at once") {
  RateLimiter limiter({.per_second = 1, .burst_ms = 1000}, kRoom);
  for (int i = 0; i < 1000; ++i) {
    limiter.take(std::to_string(i), 1, 0);
  }
  CHECK(limiter.size() == 1000);
  limiter.set_options({.per_second = 1, .burst_ms = 1000}, 160);
  CHECK(limiter.size() == 160);
}

TEST_CASE("server: threads together get no more than the rate") {
  RateLimiter limiter({.per_second = 1000, .burst_ms = 1000}, kRoom);
  std::atomic<size_t> count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { count += allowed(limiter, "a", 1000, 0); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(count == 1000);
}

}  // namespace
}  // namespace ringcast::server::server_rate_limiter_test
