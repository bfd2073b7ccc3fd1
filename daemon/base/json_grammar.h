#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace ringcast::json {

inline constexpr size_t kMaxDepth = 1024;

// The first place where a text is not JSON, and what is wrong there (a literal).
struct GrammarError {
  std::string_view what;
  size_t offset;
};

// Checks that `text` is one JSON value (RFC 8259) with nothing but white space around it, at most
// kMaxDepth levels deep. Narrower in one point: an escaped surrogate without its other half is
// refused (RFC 7493 section 2.1), because it has no UTF-8. Numbers may be of any size. Whether raw
// bytes are UTF-8 is not looked at. `text.data()[text.size()]` must be 0: no value goes on over a
// NUL, so that there is no other test for the end.
[[nodiscard]] std::optional<GrammarError> find_grammar_error(std::string_view text);

}  // namespace ringcast::json
