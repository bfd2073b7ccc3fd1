#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include "topics/byte_set.h"

namespace ringcast::topics {

// Places in a text, a bit for each: bit i stands before its byte i, the last one at its end.
using Places = std::vector<uint64_t>;

// What it takes to pass so many bytes, and what one part of a pattern or one set of bytes does: see
// Matcher::Cost. In a text of 1 KiB nothing is left to pass after as many bytes.
[[nodiscard]] constexpr size_t text_effort(size_t bytes) {
  return (bytes < 1024 ? bytes : 1024) / 2;
}
inline constexpr size_t kPartEffort = 3;
inline constexpr size_t kSetEffort = 28;

// Adds to `places` those of `more`.
void unite(Places& places, const Places& more);

// Walks a text along a pattern, from part to part, at all places where the pattern may stand at
// once. A part costs about (length of the text)/64 steps for each of its bytes, whatever the text
// and the pattern are: there is no backtracking, and no pattern that is slow for some text.
// Holds a view of the text.
class TextWalk {
 public:
  explicit TextWalk(std::string_view text);
  TextWalk(const TextWalk&) = delete;
  TextWalk& operator=(const TextWalk&) = delete;
  ~TextWalk() = default;

  [[nodiscard]] size_t size() const noexcept { return text_.size(); }
  [[nodiscard]] Places start() const;
  [[nodiscard]] Places nowhere() const { return Places(words_); }
  // All places, the end too.
  [[nodiscard]] Places everywhere() const;
  // Where a byte of the set follows. Valid as long as the walk.
  [[nodiscard]] const Places& before(const ByteSet& set);
  [[nodiscard]] bool is_at_end(const Places& places) const;

  // From each place over `literal`; places where it does not follow are left out.
  void pass(Places& places, std::string_view literal);
  // Over one byte, from places that are among `allowed`.
  void pass_one(Places& places, const Places& allowed) const;
  // Over so many bytes, each from among `allowed`. Takes log(count) steps.
  void pass_times(Places& places, const Places& allowed, size_t count) const;
  // Over up to so many, also none. Takes log(most) steps, each of a pass_times().
  void pass_up_to(Places& places, const Places& allowed, size_t most) const;
  // Over any number of bytes, also none, as long as each is among `allowed`.
  void pass_any(Places& places, const Places& allowed) const;

 private:
  const Places& before(char c);
  [[nodiscard]] Places find(const ByteSet& set) const;

  const std::string_view text_;
  const size_t words_;
  // Made when they are asked for.
  std::array<const Places*, 256> before_byte_{};
  std::deque<Places> of_bytes_;
  std::deque<std::pair<ByteSet, Places>> before_set_;
};

}  // namespace ringcast::topics
