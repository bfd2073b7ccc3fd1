#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ringcast::topics {

// A piece of a URL pattern's text (WHATWG URL Pattern, section 2.1).
struct PatternToken {
  enum class Type {
    kOpen,           // {
    kClose,          // }
    kRegexp,         // (...)
    kName,           // :name
    kChar,           // Without a meaning in patterns.
    kEscapedChar,    // Behind a backslash.
    kOtherModifier,  // ? or +
    kAsterisk,
    kEnd,
    kInvalidChar,
  };
  Type type;
  size_t index;            // Its first byte in the text.
  std::string_view value;  // Without ":", "(" and ")", "\"; of the text that it was made of.
};

// Lenient: to find where the parts of a URL begin. What is no valid pattern becomes a token
// kInvalidChar; otherwise it fails with kInvalid.
enum class TokenizePolicy { kStrict, kLenient };

// The last token is kEnd. `text` is valid UTF-8. Names are of ASCII letters, digits, "_" and "$";
// a character beyond ASCII right behind one fails: the Standard has Unicode's identifiers.
Result<std::vector<PatternToken>> tokenize_pattern(std::string_view text, TokenizePolicy policy);

}  // namespace ringcast::topics
