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
  // Over any number of bytes, also none, as long as each is among `allowed`.
  void pass_any(Places& places, const Places& allowed) const;

 private:
  const Places& before(char c);
  [[nodiscard]] Places find(const ByteSet& set) const;

  const std::string_view text_;
  const size_t words_;
  // Made when they are asked for.
  std::array<Places, 256> before_byte_{};
  std::deque<std::pair<ByteSet, Places>> before_set_;
};

}  // namespace ringcast::topics
