#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "topics/url.h"
#include "topics/url_pattern_component.h"

namespace ringcast::topics {

// A WHATWG URL Pattern that topics are matched against: "https://example.com/books/:id". Without
// `ignoreCase`; hosts and schemes have no case, as in URLs.
//
// Differs from the Standard in what it refuses: regular expressions that take more than linear time
// (see linear_regexp.h), and such groups with "+" or "*"; more than 32 groups with either; names of
// groups and hosts beyond ASCII.
//
// Immutable, thread-safe. Matching takes time in proportion to the length of pattern and topic
// together, see text_walk.h.
class UrlPattern {
 public:
  static constexpr size_t kMaxBytes = 4096;

  // A relative pattern ("/books/:id") is resolved against `base`; without one it is refused.
  // kInvalid says what is wrong: more than kMaxBytes, not UTF-8, or the part of the URL and why.
  static Result<UrlPattern> parse(std::string_view text, const Url* base = nullptr);

  // A topic that is no URL is matched by none, and a relative one is a URL with a `base` only.
  [[nodiscard]] bool matches(const Url& topic) const;
  [[nodiscard]] bool matches(std::string_view topic, const Url* base = nullptr) const;
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  // How long it takes to match: see Matcher::Cost.
  [[nodiscard]] size_t effort() const;

 private:
  UrlPattern() = default;

  std::string text_;
  std::vector<UrlPatternComponent> components_;  // In the order of UrlPatternParts.
};

}  // namespace ringcast::topics
