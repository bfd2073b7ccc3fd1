#include <doctest/doctest.h>

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "net/wheel.h"
#include "support/model_random.h"

namespace ringcast::net::net_wheel_test {
namespace {

constexpr int64_t kTick = Wheel::kTickMs;
constexpr int64_t kTurn = 512 * kTick;

// A timer that knows itself, and how often it was due.
struct Alarm {
  int due = 0;
  Wheel::Timer timer{this};
};

void advance(Wheel& wheel, int64_t now_ms) {
  wheel.advance(now_ms, [](void* owner) { ++static_cast<Alarm*>(owner)->due; });
}

TEST_CASE("net: a wheel's deadline is met at its time, never before and once") {
  for (const int64_t due :
       {1L, kTick - 1, kTick, kTick + 1, 3 * kTick, kTurn - 1, kTurn, kTurn + 1, 5 * kTurn + 42}) {
    CAPTURE(due);
    Wheel wheel(0);
    Alarm alarm;
    wheel.set(alarm.timer, due);
    const int64_t tick_of_due = (due + kTick - 1) / kTick * kTick;
    for (int64_t now = kTick; now < tick_of_due; now += kTick) {
      advance(wheel, now);
    }
    advance(wheel, tick_of_due - 1);
    CHECK(alarm.due == 0);
    CHECK(alarm.timer.is_set());
    advance(wheel, tick_of_due);
    CHECK(alarm.due == 1);
    CHECK_FALSE(alarm.timer.is_set());
    advance(wheel, tick_of_due + 2 * kTurn);
    CHECK(alarm.due == 1);
  }
}

TEST_CASE("net: a wheel meets a deadline that has passed at its next tick") {
  Wheel wheel(10 * kTick);
  Alarm past;
  Alarm now;
  wheel.set(past.timer, 3 * kTick);
  wheel.set(now.timer, 10 * kTick);
  advance(wheel, 10 * kTick);
  CHECK(past.due == 0);
  advance(wheel, 11 * kTick);
  CHECK(past.due == 1);
  CHECK(now.due == 1);
}

TEST_CASE("net: a wheel's timer that is set again has only its last deadline") {
  Wheel wheel(0);
  Alarm alarm;
  wheel.set(alarm.timer, 2 * kTick);
  wheel.set(alarm.timer, 5 * kTick);
  advance(wheel, 4 * kTick);
  CHECK(alarm.due == 0);
  advance(wheel, 5 * kTick);
  CHECK(alarm.due == 1);
}

TEST_CASE("net: a wheel's timer that is cancelled or destroyed is not met") {
  Wheel wheel(0);
  Alarm cancelled;
  wheel.set(cancelled.timer, kTick);
  auto destroyed = std::make_unique<Alarm>();
  wheel.set(destroyed->timer, kTick);
  Alarm stays;
  wheel.set(stays.timer, kTick);
  cancelled.timer.cancel();
  cancelled.timer.cancel();
  destroyed.reset();
  advance(wheel, kTick);
  CHECK(cancelled.due == 0);
  CHECK(stays.due == 1);
}

TEST_CASE("net: a wheel's timer may be set again from its own deadline") {
  Wheel wheel(0);
  Alarm alarm;
  wheel.set(alarm.timer, kTick);
  for (int64_t tick = 1; tick <= 2000; ++tick) {
    wheel.advance(tick * kTick, [&](void* owner) {
      ++alarm.due;
      wheel.set(static_cast<Alarm*>(owner)->timer, (tick + 1) * kTick);
    });
    REQUIRE(alarm.due == tick);
  }
}

TEST_CASE("net: a wheel's timer that asks for the same slot from its deadline waits for a turn") {
  Wheel wheel(0);
  Alarm alarm;
  wheel.set(alarm.timer, kTick);
  wheel.advance(kTick, [&](void* /*owner*/) {
    ++alarm.due;
    wheel.set(alarm.timer, kTick + kTurn);
  });
  CHECK(alarm.due == 1);
  advance(wheel, kTurn);
  CHECK(alarm.due == 1);
  advance(wheel, kTick + kTurn);
  CHECK(alarm.due == 2);
}

TEST_CASE("net: a deadline may destroy another one of the same tick") {
  Wheel wheel(0);
  std::array<std::unique_ptr<Alarm>, 3> alarms;
  for (auto& alarm : alarms) {
    alarm = std::make_unique<Alarm>();
    wheel.set(alarm->timer, kTick);
  }
  int met = 0;
  wheel.advance(kTick, [&](void* owner) {
    ++met;
    for (auto& alarm : alarms) {
      if (alarm && alarm.get() != owner) {
        alarm.reset();
      }
    }
  });
  CHECK(met == 1);
}

TEST_CASE("net: a wheel that has slept for many turns meets every deadline that is due, once") {
  Wheel wheel(0);
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int64_t tick = 1; tick <= 1600; ++tick) {
    alarms.push_back(std::make_unique<Alarm>());
    wheel.set(alarms.back()->timer, tick * kTick);
  }
  advance(wheel, 1500 * kTick);
  for (size_t index = 0; index < alarms.size(); ++index) {
    CAPTURE(index);
    REQUIRE(alarms[index]->due == (index < 1500 ? 1 : 0));
  }
  advance(wheel, 1600 * kTick);
  CHECK(alarms.back()->due == 1);
}

TEST_CASE("net: timers may outlive their wheel") {
  Alarm alarm;
  {
    Wheel wheel(0);
    wheel.set(alarm.timer, kTick);
    CHECK(alarm.timer.is_set());
  }
  CHECK_FALSE(alarm.timer.is_set());
}

// The reference is a list of deadlines by time. The wheel may be late by less than a tick.
TEST_CASE("net: a wheel does what a sorted list of deadlines does") {
  constexpr size_t kAlarms = 40;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    model::Random random(seed);
    int64_t now = static_cast<int64_t>(random.below(1'000'000));
    Wheel wheel(now);
    std::array<Alarm, kAlarms> alarms;
    std::array<int64_t, kAlarms> deadlines{};  // 0: none.
    for (int step = 0; step < 2000; ++step) {
      const size_t which = random.below(kAlarms);
      if (random.one_in(4)) {
        alarms[which].timer.cancel();
        deadlines[which] = 0;
      } else if (random.one_in(2)) {
        deadlines[which] = now + static_cast<int64_t>(random.below(3 * kTurn)) - kTick;
        wheel.set(alarms[which].timer, deadlines[which]);
      } else {
        now += static_cast<int64_t>(random.below(random.one_in(20) ? 2 * kTurn : 4 * kTick));
        wheel.advance(now, [&](void* owner) {
          const auto index = static_cast<size_t>(static_cast<Alarm*>(owner) - alarms.data());
          REQUIRE(deadlines[index] != 0);
          REQUIRE(deadlines[index] <= now);
          deadlines[index] = 0;
        });
        for (const int64_t deadline : deadlines) {
          REQUIRE((deadline == 0 || deadline + kTick > now));
        }
      }
    }
  }
}

}  // namespace
}  // namespace ringcast::net::net_wheel_test
