#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "support/model_world.h"

namespace ringcast::model {
namespace {

constexpr uint64_t kSchedules = 1200;
constexpr uint64_t kSteps = 160;

uint64_t number_from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? 0 : std::strtoull(value, nullptr, 10);
}

// RINGCAST_SEED=n runs one schedule only, RINGCAST_LONG=1 twenty times as many.
TEST_CASE("model: in every schedule each reader gets everything, in order, once, or is told") {
  const uint64_t only = number_from_environment("RINGCAST_SEED");
  const uint64_t count =
      number_from_environment("RINGCAST_LONG") > 0 ? 20 * kSchedules : kSchedules;
  const uint64_t first = only > 0 ? only : 1;
  const uint64_t last = only > 0 ? only : count;
  Tally tally;
  for (uint64_t seed = first; seed <= last; ++seed) {
    if (!World(seed, false).run(kSteps, tally).empty()) {
      Tally again;
      FAIL("RINGCAST_SEED=", seed, ": ", World(seed, true).run(kSteps, again));
    }
  }
  MESSAGE(tally.steps, " steps, ", tally.stored, " stored, ", tally.refused, " refused, ",
          tally.duplicates, " duplicates, ", tally.delivered, " delivered, gaps: expired ",
          tally.gaps[0], ", deleted ", tally.gaps[1], ", lagged ", tally.gaps[3], ", epoch ",
          tally.gaps[4], ", unknown ", tally.gaps[5], ", disconnected ", tally.lagged_out);
  if (only == 0) {
    // The schedules got everywhere.
    for (const uint64_t seen :
         {tally.delivered, tally.refused, tally.duplicates, tally.gaps[0], tally.gaps[1],
          tally.gaps[3], tally.gaps[4], tally.gaps[5], tally.lagged_out}) {
      CHECK(seen > 100);
    }
  }
}

}  // namespace
}  // namespace ringcast::model
