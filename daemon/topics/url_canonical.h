#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ringcast::topics {

// A part of a URL as URL patterns match it.
enum class UrlPart {
  kProtocol,
  kUsername,
  kPassword,
  kHostname,
  kIpv6Hostname,
  kPort,
  kPathname,
  kOpaquePathname,
  kSearch,
  kHash,
};

// How messages call it: "hostname".
[[nodiscard]] std::string_view name_of(UrlPart part);

// Encodes fixed text of a pattern as the URL parser would in that part of a URL (WHATWG URL
// Pattern, section 3.1). kInvalid when it cannot stand there.
Result<std::string> canonicalize(UrlPart part, std::string_view text);

}  // namespace ringcast::topics
