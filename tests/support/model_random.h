#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

namespace ringcast::model {

// SplitMix64: cheap to seed, and the same on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL) {}

  // A number in [0, bound).
  uint64_t below(uint64_t bound) { return next() % bound; }
  bool one_in(uint64_t bound) { return below(bound) == 0; }
  template <typename T>
  T pick(std::initializer_list<T> choices) {
    return *(choices.begin() + below(choices.size()));
  }

 private:
  uint64_t next() {
    uint64_t mixed = (state_ += 0x9E3779B97F4A7C15ULL);
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
    return mixed ^ (mixed >> 31U);
  }

  uint64_t state_;
};

// Keeps the first thing that was wrong: what follows may only be its consequence. Not an
// exception, as it is found inside of the core's own calls.
class Verdict {
 public:
  void fail(const std::string& what) {
    if (what_.empty()) {
      what_ = what;
    }
  }
  void expect(bool holds, const char* what) {
    if (!holds) {
      fail(what);
    }
  }
  [[nodiscard]] bool failed() const { return !what_.empty(); }
  [[nodiscard]] const std::string& what() const { return what_; }

 private:
  std::string what_;
};

}  // namespace ringcast::model
