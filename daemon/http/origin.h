#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/request.h"

// What keeps the pages of a browser from using the rights of its machine: whoever can open a
// connection to loopback may do everything without credentials, and every web page can have its
// browser open one.
namespace ringcast::http {

// The host of a URL, of Host or of an origin.
struct Authority {
  std::string name;  // In lower case; an IPv6 address in brackets.
  std::optional<uint16_t> port;
  bool operator==(const Authority&) const = default;
};

// Reads "name", "192.0.2.1" or "[2001:db8::1]", with a port or without. kInvalid says what is
// wrong: user names, paths, and what is in no host name.
Result<Authority> parse_authority(std::string_view text);

// Only this machine can be meant: localhost and names below it (RFC 6761 section 6.3), 127.0.0.0/8
// and [::1], as parse_authority() gives them.
[[nodiscard]] bool is_loopback_name(std::string_view name);

// Where requests without credentials may come from.
struct Allowed {
  const std::vector<std::string>& origins;  // Exact origins, or "*" alone.
  const std::vector<std::string>& hosts;    // Names that Host may have besides loopback's.
};

// Host names loopback, or is listed. Else a name of an attacker may have been made to point here
// (DNS rebinding), and its pages would be of the same origin as we. Failures are kForbidden, or
// kInvalid when it is malformed; a request without Host is none of a browser.
Status check_host(const Request& request, const std::vector<std::string>& hosts);

// The page that made the request, if one did, is ours (`scheme` and Host) or its origin is listed.
// "null" (a sandboxed frame, a local file) is nobody's, and what comes from another site without
// an Origin (an image, a script) neither, except for a link that somebody follows. Failures are
// kForbidden.
Status check_origin(const Request& request, std::string_view scheme,
                    const std::vector<std::string>& origins);

// Both.
Status check_source(const Request& request, std::string_view scheme, const Allowed& allowed);

}  // namespace ringcast::http
