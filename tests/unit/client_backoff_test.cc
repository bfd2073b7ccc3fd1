#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <utility>

#include "cpp/src/backoff.h"

namespace ringcast::client::client_backoff_test {

namespace {

uint64_t lowest() {
  return 0;
}

// Random bits that put next_ms() at the top of its range: `spread` modulo `spread + 1`.
Backoff::Random highest_of(uint64_t spread) {
  return [spread] { return spread; };
}

}  // namespace

TEST_CASE("client: a wait is never shorter than its base") {
  Backoff backoff(1'000, 30'000, lowest);
  for (int i = 0; i < 100; ++i) {
    CHECK(backoff.next_ms() == 1'000);
  }
}

TEST_CASE("client: the longest wait doubles up to the cap") {
  for (const auto& [attempt, longest] : {std::pair<int, uint64_t>{0, 1'250},
                                         {1, 2'000},
                                         {2, 4'000},
                                         {4, 16'000},
                                         {5, 30'000},
                                         {60, 30'000}}) {
    Backoff backoff(1'000, 30'000, highest_of(longest - 1'000));
    for (int i = 0; i < attempt; ++i) {
      static_cast<void>(backoff.next_ms());
    }
    CHECK(backoff.next_ms() == longest);
  }
}

TEST_CASE("client: after a reset the waits are short again") {
  Backoff backoff(1'000, 30'000, highest_of(250));
  static_cast<void>(backoff.next_ms());
  static_cast<void>(backoff.next_ms());
  backoff.reset();
  CHECK(backoff.next_ms() == 1'250);
}

TEST_CASE("client: the broker's retry is taken between 100 ms and a day") {
  Backoff backoff(1'000, 30'000, lowest);
  for (const auto& [asked, taken] : {std::pair<uint64_t, uint64_t>{0, 100},
                                     {99, 100},
                                     {100, 100},
                                     {101, 101},
                                     {86'399'999, 86'399'999},
                                     {86'400'000, 86'400'000},
                                     {86'400'001, 86'400'000},
                                     {UINT64_MAX, 86'400'000}}) {
    backoff.set_base_ms(asked);
    CHECK(backoff.next_ms() == taken);
  }
}

TEST_CASE("client: a time far away is later, not earlier") {
  const auto now = std::chrono::steady_clock::now();
  CHECK(later(now, 0) == now);
  CHECK(later(now, 5) == now + std::chrono::milliseconds(5));
  CHECK(later(now, UINT64_MAX) > now + std::chrono::hours(24 * 365));
}

}  // namespace ringcast::client::client_backoff_test
