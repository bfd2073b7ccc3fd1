#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace ringcast::http {

// A request target (RFC 9112 section 3.2), origin-form or absolute-form, taken apart.
struct Target {
  std::string path;  // Percent-encoded still, so that "/" and "%2F" stay apart.
  std::vector<std::pair<std::string, std::string>> query;  // Decoded, "+" as space, in order.

  // The first parameter of that name, or nothing.
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
};

// kInvalid on a bad percent escape, in the path as in the query, or a form we do not serve.
Result<Target> parse_target(std::string_view text);

// Percent-decodes a path segment; "+" stays. kInvalid on a bad escape.
Result<std::string> percent_decode(std::string_view text);

}  // namespace ringcast::http
