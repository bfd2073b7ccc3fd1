// Names and patterns: the checks agree with each other, matching agrees with the plainest matcher,
// and a pattern that covers another matches all that the other matches.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "../unit/topics_reference_matcher.h"
#include "topics/name.h"

namespace {

using namespace ringcast::topics;  // NOLINT(google-build-using-namespace): all that is tested.

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

std::string_view take_part(std::string_view& rest) {
  const size_t end = rest.find('\n');
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

void check_agreement(std::string_view name) {
  const bool is_topic = check_topic(name).has_value();
  const bool is_pattern = check_pattern(name).has_value();
  require(is_topic == (is_pattern && !has_wildcard(name)));
  if (is_topic) {
    require(matches(name, name));
    require(matches("**", name) != is_reserved(name));
  }
  if (is_pattern) {
    require(covers(name, name));
  }
}

}  // namespace

// Two patterns and a topic, a line each: no name can hold a line end.
// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(bytes), size);
  const std::string_view pattern = take_part(rest);
  const std::string_view other = take_part(rest);
  const std::string_view topic = take_part(rest);
  check_agreement(pattern);
  check_agreement(other);
  check_agreement(topic);
  if (!check_pattern(pattern) || !check_topic(topic)) {
    return 0;
  }
  require(matches(pattern, topic) == reference_matches(pattern, topic));
  if (check_pattern(other) && covers(other, pattern) && matches(pattern, topic)) {
    require(matches(other, topic));
  }
  return 0;
}
