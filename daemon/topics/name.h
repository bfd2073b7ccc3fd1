#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringcast::topics {

inline constexpr size_t kMaxNameBytes = 1024;

// A topic: 1 to `most_bytes` bytes of valid UTF-8 without C0, C1, DEL and "*". kInvalid says which
// rule it breaks. Bytes are compared, nothing is normalised.
Status check_topic(std::string_view name, size_t most_bytes = kMaxNameBytes);

// Names that start with "$" belong to the broker.
[[nodiscard]] inline bool is_reserved(std::string_view name) {
  return name.starts_with('$');
}

// A topic, or one with wildcards, each a whole segment between slashes: "*" is exactly one
// segment, "**" (last segment only) zero or more, so that "orders/**" also matches "orders".
// kInvalid says which rule it breaks.
Status check_pattern(std::string_view pattern);
[[nodiscard]] bool has_wildcard(std::string_view pattern);

// Does a checked pattern match a checked topic? A wildcard as the first segment does not match a
// name that starts with "$".
[[nodiscard]] bool matches(std::string_view pattern, std::string_view topic);

// Does `wide` match every topic that `narrow` matches? Both are checked patterns. Goes by segments,
// as if the empty name were a topic too.
[[nodiscard]] bool covers(std::string_view wide, std::string_view narrow);

}  // namespace ringcast::topics
