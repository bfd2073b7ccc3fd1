#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "topics/text_walk.h"

namespace ringcast::topics {

// The steps that the regular expressions of one URL pattern may have together. A group that is
// repeated counts as kRepeatedGroupSteps of them, as that is about what it costs.
inline constexpr size_t kMaxRegexpSteps = 4096;
inline constexpr size_t kRepeatedGroupSteps = 128;

// The regular expression of a group in a URL pattern. Of those of JavaScript (with the flag "v")
// it takes the part that is matched in linear time: characters, ".", "\d \D \w \W \s \S",
// escaped punctuation, "[...]" and "[^...]" with ranges and those escapes, each with "?", "*", "+",
// "{n}", "{n,}", "{n,m}", greedy or not; "a|b", "(?:...)" and "(?:...)?". All else is refused:
// groups that are repeated, look-around, back references, "^", "$", "\b", "\p" and classes within
// classes. What is taken means the same in JavaScript. Texts are ASCII, as parts of URLs are.
class LinearRegexp {
 public:
  // `room`: how many steps it and those that come after it may still have; {n,m} has m. kInvalid
  // says what it does not take.
  static Result<LinearRegexp> parse(std::string_view text, size_t& room);

  // From each place over what it matches there.
  void pass(TextWalk& walk, Places& places) const;
  // How long that takes: see Matcher::Cost.
  [[nodiscard]] size_t effort() const;

 private:
  friend class LinearRegexpParser;

  struct Step {
    ByteSet set;                      // One of these,
    size_t at_least = 1;              // so many times,
    size_t at_most = 1;               // or up to so many,
    bool has_end = true;              // or any number of times.
    std::vector<LinearRegexp> group;  // Instead: one expression, once, or with at_least 0 maybe.
  };
  static void pass_step(const Step& step, TextWalk& walk, Places& places);

  std::vector<std::vector<Step>> alternatives_;
};

}  // namespace ringcast::topics
