#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "topics/url_pattern_part.h"

namespace ringcast::topics {

// The compiled pattern of one part of a URL. Immutable, thread-safe.
class UrlPatternComponent {
 public:
  // `room`: see LinearRegexp::parse(). kInvalid names the part and says what is wrong.
  static Result<UrlPatternComponent> compile(std::string_view pattern, UrlPart part, size_t& room);

  // `text` is that part of a parsed URL.
  [[nodiscard]] bool matches(std::string_view text) const;
  // How long that takes: see Matcher::Cost.
  [[nodiscard]] size_t effort() const;

 private:
  UrlPatternComponent(std::vector<PatternPart> parts, char delimiter);

  void pass(const PatternPart& part, TextWalk& walk, Places& places) const;
  void pass_once(const PatternPart& part, TextWalk& walk, Places& places) const;
  void pass_repeated(const PatternPart& part, TextWalk& walk, Places& places) const;

  std::vector<PatternPart> parts_;
  ByteSet in_segment_;
  bool takes_all_ = false;  // It is "*".
};

}  // namespace ringcast::topics
