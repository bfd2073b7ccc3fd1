#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "topics/linear_regexp.h"
#include "topics/url_canonical.h"

namespace ringcast::topics {

// A piece of the pattern of one part of a URL (WHATWG URL Pattern, section 2.1.3): fixed text, or
// a group with fixed text around it.
struct PatternPart {
  enum class Type {
    kFixedText,        // Only the prefix.
    kSegmentWildcard,  // ":name": one or more characters but the delimiter.
    kFullWildcard,     // "*": anything.
    kRegexp,
  };
  enum class Modifier { kNone, kOptional, kZeroOrMore, kOneOrMore };

  Type type = Type::kFixedText;
  Modifier modifier = Modifier::kNone;
  std::string prefix;
  std::string suffix;
  std::optional<LinearRegexp> regexp;
};

// What ends a segment: "." in hostnames, "/" in pathnames; 0 where there is none.
[[nodiscard]] char delimiter_of(UrlPart part);

// Reads the pattern of one part of a URL; `room`: see LinearRegexp::parse(). kInvalid says what is
// wrong.
Result<std::vector<PatternPart>> parse_pattern_parts(std::string_view text, UrlPart part,
                                                     size_t& room);

}  // namespace ringcast::topics
