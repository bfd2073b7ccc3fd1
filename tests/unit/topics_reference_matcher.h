#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace ringcast::topics {

inline std::vector<std::string_view> segments_of(std::string_view text) {
  std::vector<std::string_view> segments;
  for (;;) {
    const size_t slash = text.find('/');
    segments.push_back(text.substr(0, slash));
    if (slash == std::string_view::npos) {
      return segments;
    }
    text.remove_prefix(slash + 1);
  }
}

inline bool reference_rest_matches(std::span<const std::string_view> pattern,
                                   std::span<const std::string_view> topic) {
  if (pattern.empty()) {
    return topic.empty();
  }
  if (pattern[0] == "**") {
    return true;
  }
  return !topic.empty() && (pattern[0] == "*" || pattern[0] == topic[0]) &&
         reference_rest_matches(pattern.subspan(1), topic.subspan(1));
}

// What a pattern matches, said in the plainest way: the measure for matches() in tests.
inline bool reference_matches(std::string_view pattern, std::string_view topic) {
  const auto pattern_segments = segments_of(pattern);
  const auto topic_segments = segments_of(topic);
  const bool has_wild_start = pattern_segments[0] == "*" || pattern_segments[0] == "**";
  if (has_wild_start && topic_segments[0].starts_with('$')) {
    return false;
  }
  return reference_rest_matches(pattern_segments, topic_segments);
}

}  // namespace ringcast::topics
