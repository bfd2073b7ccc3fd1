#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringcast {

// Valid UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

// Compares ASCII letters without case, as HTTP header names and tokens want it.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

// ASCII lower case; other bytes stay.
[[nodiscard]] std::string to_lower(std::string_view text);

// Without spaces and tabs at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

// One or more digits and nothing else; nothing when it is empty, has another character or
// overflows.
[[nodiscard]] std::optional<uint64_t> parse_uint(std::string_view text);

// The candidate with the smallest edit distance to `word`, if that is small enough to be a typing
// mistake (at most a third of the word, at least 1 edit allowed); else empty.
template <typename Range>
[[nodiscard]] std::string nearest(std::string_view word, const Range& candidates);

// The number of insertions, deletions, substitutions and swaps of neighbours between two words.
[[nodiscard]] size_t edit_distance(std::string_view a, std::string_view b);

template <typename Range>
std::string nearest(std::string_view word, const Range& candidates) {
  size_t best_distance = std::max<size_t>(word.size() / 3, 1) + 1;
  std::string best;
  for (const auto& candidate : candidates) {
    if (const size_t distance = edit_distance(word, candidate); distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace ringcast
