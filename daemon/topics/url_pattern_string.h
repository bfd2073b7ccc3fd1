#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringcast::topics {

// The patterns of the parts of a URL, as they stand in the text of a URL pattern; nothing where it
// does not say.
struct UrlPatternParts {
  std::optional<std::string> protocol;
  std::optional<std::string> username;
  std::optional<std::string> password;
  std::optional<std::string> hostname;
  std::optional<std::string> port;
  std::optional<std::string> pathname;
  std::optional<std::string> search;
  std::optional<std::string> hash;
};

// Takes a pattern such as "https://*.example.com/books/:id" apart (WHATWG URL Pattern, section 1.6:
// parse a constructor string). kInvalid says what is wrong.
Result<UrlPatternParts> split_url_pattern(std::string_view text);

// Whether the pattern of a protocol matches "https" or another special scheme.
Result<bool> matches_special_scheme(std::string_view protocol);

}  // namespace ringcast::topics
