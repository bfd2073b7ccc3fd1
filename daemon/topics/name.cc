#include "topics/name.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"

namespace ringcast::topics {

namespace {

constexpr std::string_view kOne = "*";
constexpr std::string_view kRest = "**";

bool has_control(std::string_view name) {
  for (size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<uint8_t>(name[i]);
    if (byte < 0x20 || byte == 0x7F) {
      return true;
    }
    // C1, U+0080 to U+009F, is C2 80 to C2 9F; valid UTF-8 has a byte after each C2.
    if (byte == 0xC2 && static_cast<uint8_t>(name[i + 1]) < 0xA0) {
      return true;
    }
  }
  return false;
}

// What topics and patterns have in common. `what` begins the error: "a topic", "a pattern".
Status check_text(std::string_view text, size_t most_bytes, const std::string& what) {
  if (text.empty()) {
    return fail(Errc::kInvalid, what + " must have at least 1 byte", "topic");
  }
  if (text.size() > most_bytes) {
    return fail(Errc::kInvalid,
                what + " must have at most " + std::to_string(most_bytes) + " bytes", "topic");
  }
  if (!is_utf8(text)) {
    return fail(Errc::kInvalid, what + " must be valid UTF-8", "topic");
  }
  if (has_control(text)) {
    return fail(Errc::kInvalid, what + " must not have control characters", "topic");
  }
  return Ok{};
}

// Cuts the first segment off `rest`. False when it was the last; `rest` is then of no use.
bool take_segment(std::string_view& rest, std::string_view& segment) {
  const size_t slash = rest.find('/');
  segment = rest.substr(0, slash);
  if (slash == std::string_view::npos) {
    return false;
  }
  rest.remove_prefix(slash + 1);
  return true;
}

}  // namespace

Status check_topic(std::string_view name, size_t most_bytes) {
  if (auto status = check_text(name, most_bytes, "a topic"); !status) {
    return status;
  }
  if (has_wildcard(name)) {
    return fail(Errc::kInvalid, "a topic must not have \"*\"", "topic");
  }
  return Ok{};
}

Status check_pattern(std::string_view pattern) {
  if (auto status = check_text(pattern, kMaxNameBytes, "a pattern"); !status) {
    return status;
  }
  std::string_view segment;
  for (bool more = true; more;) {
    more = take_segment(pattern, segment);
    if (segment == kRest && more) {
      return fail(Errc::kInvalid, "\"**\" is only allowed as the last segment of a pattern",
                  "topic");
    }
    if (segment != kOne && segment != kRest && has_wildcard(segment)) {
      return fail(Errc::kInvalid,
                  "a wildcard is a whole segment of a pattern: \"*\" or, as the last, \"**\"",
                  "topic");
    }
  }
  return Ok{};
}

bool has_wildcard(std::string_view pattern) {
  return pattern.find('*') != std::string_view::npos;
}

bool matches(std::string_view pattern, std::string_view topic) {
  return covers(pattern, topic);  // A topic is the pattern that matches only itself.
}

bool covers(std::string_view wide, std::string_view narrow) {
  if (is_reserved(narrow) && has_wildcard(wide.substr(0, 1))) {
    return false;
  }
  if (narrow == kRest) {
    narrow = "*/**";  // The same, as every topic has a first segment.
  }
  std::string_view wide_segment;
  std::string_view narrow_segment;
  for (;;) {
    if (wide == kRest) {
      return true;
    }
    const bool more_wide = take_segment(wide, wide_segment);
    const bool more_narrow = take_segment(narrow, narrow_segment);
    const bool fits =
        wide_segment == kOne ? narrow_segment != kRest : wide_segment == narrow_segment;
    if (!fits || (more_narrow && !more_wide)) {
      return false;
    }
    if (!more_narrow) {
      return !more_wide || wide == kRest;
    }
  }
}

}  // namespace ringcast::topics
