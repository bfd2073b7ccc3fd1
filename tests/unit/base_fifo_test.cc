#include <doctest/doctest.h>

#include <deque>
#include <memory>

#include "base/fifo.h"
#include "support/model_random.h"

namespace ringcast::base_fifo_test {
namespace {

template <typename T>
bool equal(const Fifo<T>& fifo, const std::deque<T>& model) {
  if (fifo.size() != model.size() || fifo.empty() != model.empty()) {
    return false;
  }
  for (size_t index = 0; index < model.size(); ++index) {
    if (fifo[index] != model[index]) {
      return false;
    }
  }
  return model.empty() || (fifo.front() == model.front() && fifo.back() == model.back());
}

TEST_CASE("base: a fifo does what a deque does, whatever the order of the calls") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    model::Random random(seed);
    Fifo<uint64_t> fifo;
    std::deque<uint64_t> model;
    // Grows, shrinks and grows again, so that it compacts at every fill.
    for (int step = 0; step < 2000; ++step) {
      const bool is_growing = (step / 250) % 2 == 0;
      const bool pushes = random.below(10) < (is_growing ? 7U : 3U);
      if (pushes || model.empty()) {
        const uint64_t item = random.below(1000);
        fifo.push_back(item);
        model.push_back(item);
      } else {
        REQUIRE(fifo.pop_front() == model.front());
        model.pop_front();
      }
      REQUIRE(equal(fifo, model));
    }
  }
}

TEST_CASE("base: a fifo lets go of an element when it is popped, not when it compacts") {
  Fifo<std::shared_ptr<int>> fifo;
  const auto tracked = std::make_shared<int>(1);
  fifo.push_back(tracked);
  fifo.push_back(nullptr);
  CHECK(tracked.use_count() == 2);
  fifo.pop_front();
  CHECK(tracked.use_count() == 1);
}

TEST_CASE("base: a fifo that never runs empty stays as small as its fill") {
  Fifo<uint64_t> fifo;
  for (uint64_t item = 0; item < 20; ++item) {
    fifo.push_back(item);
  }
  for (uint64_t item = 20; item < 100'000; ++item) {
    fifo.push_back(item);
    REQUIRE(fifo.pop_front() == item - 20);
  }
  CHECK(fifo.size() == 20);
  CHECK(fifo.memory() <= 128 * sizeof(uint64_t));
}

TEST_CASE("base: a fifo gives its memory back on reset and can be used again") {
  Fifo<int> fifo;
  for (int item = 0; item < 100; ++item) {
    fifo.push_back(item);
  }
  fifo.pop_front();
  fifo.reset();
  CHECK(fifo.empty());
  CHECK(fifo.memory() == 0);
  fifo.push_back(7);
  CHECK(fifo.front() == 7);
  CHECK(fifo.size() == 1);
}

TEST_CASE("base: a fifo's newest element can be changed in place") {
  Fifo<int> fifo;
  fifo.push_back(1);
  fifo.push_back(2);
  fifo.back() = 5;
  CHECK(fifo[0] == 1);
  CHECK(fifo[1] == 5);
}

TEST_CASE("base: the partition point of a fifo is found at every place, also after pops") {
  Fifo<size_t> fifo;
  const auto before = [](size_t bound) { return [bound](size_t item) { return item < bound; }; };
  CHECK(fifo.partition_point(before(0)) == 0);
  for (size_t item = 0; item < 50; ++item) {
    fifo.push_back(item);
  }
  for (size_t popped = 0; popped < 40; ++popped) {
    CAPTURE(popped);
    for (size_t bound = popped; bound <= 50; ++bound) {
      REQUIRE(fifo.partition_point(before(bound)) == bound - popped);
    }
    fifo.pop_front();
  }
}

}  // namespace
}  // namespace ringcast::base_fifo_test
