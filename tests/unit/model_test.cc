#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <string>

#include "support/model_world.h"

namespace ringcast::model::model_test {
namespace {

constexpr uint64_t kSchedules = 1200;
constexpr uint64_t kSchedulesOnDisk = 300;
constexpr uint64_t kSteps = 160;

uint64_t number_from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? 0 : std::strtoull(value, nullptr, 10);
}

// RINGCAST_SEED=n runs one schedule only, RINGCAST_LONG=1 twenty times as many.
Tally run_schedules(bool has_journal, uint64_t schedules) {
  const uint64_t only = number_from_environment("RINGCAST_SEED");
  const uint64_t count = number_from_environment("RINGCAST_LONG") > 0 ? 20 * schedules : schedules;
  const uint64_t first = only > 0 ? only : 1;
  const uint64_t last = only > 0 ? only : count;
  Tally tally;
  for (uint64_t seed = first; seed <= last; ++seed) {
    if (!World(seed, has_journal, false).run(kSteps, tally).empty()) {
      Tally again;
      FAIL("RINGCAST_SEED=", seed, ": ", World(seed, has_journal, true).run(kSteps, again));
    }
  }
  MESSAGE(tally.steps, " steps, ", tally.stored, " stored, ", tally.refused, " refused, ",
          tally.duplicates, " duplicates, ", tally.delivered, " delivered, gaps: expired ",
          tally.gaps[0], ", deleted ", tally.gaps[1], ", lagged ", tally.gaps[3], ", epoch ",
          tally.gaps[4], ", unknown ", tally.gaps[5], ", disconnected ", tally.lagged_out,
          "; commits ", tally.commits, ", reads ", tally.reads, ", restarts ", tally.restarts);
  return tally;
}

// The schedules got everywhere.
void expect_seen(std::initializer_list<uint64_t> counts, uint64_t least) {
  for (const uint64_t seen : counts) {
    CHECK((seen >= least || number_from_environment("RINGCAST_SEED") > 0));
  }
}

TEST_CASE("model: in every schedule each reader gets everything, in order, once, or is told") {
  const Tally tally = run_schedules(false, kSchedules);
  expect_seen({tally.delivered, tally.refused, tally.duplicates, tally.gaps[0], tally.gaps[1],
               tally.gaps[3], tally.gaps[4], tally.gaps[5], tally.lagged_out},
              100);
}

TEST_CASE("model: the same with a journal, over restarts and crashes") {
  const Tally tally = run_schedules(true, kSchedulesOnDisk);
  expect_seen({tally.delivered, tally.duplicates, tally.gaps[0], tally.gaps[1], tally.gaps[3],
               tally.gaps[4], tally.gaps[5], tally.commits, tally.reads, tally.restarts},
              20);
}

}  // namespace
}  // namespace ringcast::model::model_test
