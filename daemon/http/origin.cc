#include "http/origin.h"

#include <algorithm>

#include "base/text.h"

namespace ringcast::http {

namespace {

constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-._";
constexpr std::string_view kIpv6Characters = "0123456789abcdef:.";
constexpr size_t kLongestShown = 200;

bool consists_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

// For messages: what a client has sent, without what could harm a terminal, and not endless.
std::string shown(std::string_view text) {
  std::string out(text.substr(0, kLongestShown));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  return text.size() > kLongestShown ? out + "..." : out;
}

Failure malformed(std::string_view text, std::string_view why) {
  return fail(Errc::kInvalid, "Host " + shown(text) + ": " + std::string(why), "host");
}

Failure foreign(std::string why, std::string field) {
  return fail(Errc::kForbidden, std::move(why), std::move(field));
}

bool is_in(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// "127.0.0.1" and no other spelling: browsers send this one, and 127.evil.example is a name.
bool is_ipv4_loopback(std::string_view name) {
  size_t numbers = 0;
  bool is_first_127 = false;
  for (bool is_more = true; is_more; ++numbers) {
    const size_t dot = std::min(name.find('.'), name.size());
    const std::string_view part = name.substr(0, dot);
    const auto number = parse_uint(part);
    if (!number || *number > 255 || (part.size() > 1 && part.starts_with('0'))) {
      return false;
    }
    is_first_127 = numbers == 0 ? *number == 127 : is_first_127;
    is_more = dot < name.size();
    name.remove_prefix(is_more ? dot + 1 : dot);
  }
  return is_first_127 && numbers == 4;
}

// The port that a URL of this scheme means when it has none; 0 for others.
uint16_t usual_port(std::string_view scheme) {
  return scheme == "http" ? 80 : scheme == "https" ? 443 : 0;
}

bool is_same_origin(std::string_view origin, std::string_view scheme, std::string_view host) {
  const size_t end = origin.find("://");
  if (end == std::string_view::npos || !equals_ignoring_case(origin.substr(0, end), scheme)) {
    return false;
  }
  const auto theirs = parse_authority(origin.substr(end + 3));
  const auto ours = parse_authority(host);
  return theirs && ours && theirs->name == ours->name &&
         theirs->port.value_or(usual_port(scheme)) == ours->port.value_or(usual_port(scheme));
}

// Sec-Fetch-* (W3C Fetch Metadata): no page can set or leave out these headers. A link opens a
// document of its own, which the page behind it cannot read.
bool is_link(const Request& request) {
  return (request.method == Method::kGet || request.method == Method::kHead) &&
         request.header("sec-fetch-mode") == "navigate" &&
         request.header("sec-fetch-dest") == "document";
}

}  // namespace

Result<Authority> parse_authority(std::string_view text) {
  const size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos) {
    return malformed(text, "[ without ]");
  }
  const size_t colon = std::min(text.find(':', bracket), text.size());
  Authority authority{.name = to_lower(text.substr(0, colon)), .port = std::nullopt};
  const std::string_view name = authority.name;
  const bool is_good = name.starts_with('[')
                           ? name.size() > 2 && name.ends_with(']') &&
                                 name.find(':') != std::string_view::npos &&
                                 consists_of(name.substr(1, name.size() - 2), kIpv6Characters)
                           : consists_of(name, kNameCharacters);
  if (!is_good) {
    return malformed(text, "not a host name, an IPv4 address or an IPv6 address in brackets");
  }
  if (colon + 1 < text.size()) {  // RFC 3986 section 3.2.3: "name:" is a name.
    const auto port = parse_uint(text.substr(colon + 1));
    if (!port || *port > UINT16_MAX) {
      return malformed(text, "the port must be a number from 0 to 65535");
    }
    authority.port = static_cast<uint16_t>(*port);
  }
  return authority;
}

bool is_loopback_name(std::string_view name) {
  if (name.ends_with('.')) {  // The root of the DNS: the same name.
    name.remove_suffix(1);
  }
  return name == "localhost" || (name.ends_with(".localhost") && !name.starts_with('.')) ||
         name == "[::1]" || is_ipv4_loopback(name);
}

Status check_host(const Request& request, const std::vector<std::string>& hosts) {
  const std::string_view host = request.header("host");
  if (host.empty()) {
    return Ok{};
  }
  const auto authority = parse_authority(host);
  if (!authority) {
    return Failure{authority.error()};
  }
  if (is_loopback_name(authority->name) || is_in(hosts, authority->name)) {
    return Ok{};
  }
  return foreign("Host " + shown(authority->name) + " is not a loopback name; list it in `hosts`",
                 "host");
}

Status check_origin(const Request& request, std::string_view scheme,
                    const std::vector<std::string>& origins) {
  if (is_in(origins, "*")) {
    return Ok{};
  }
  size_t count = 0;
  for (const auto [name, value] : request.headers) {
    if (!equals_ignoring_case(name, "origin")) {
      continue;
    }
    ++count;
    if (!is_in(origins, value) && !is_same_origin(value, scheme, request.header("host"))) {
      return foreign("Origin " + shown(value) + " is not listed in cors.origins", "origin");
    }
  }
  if (count == 0 && request.header("sec-fetch-site") == "cross-site" && !is_link(request)) {
    return foreign(
        "the request comes from a page of another site (Sec-Fetch-Site: cross-site), "
        "without the Origin that cors.origins could list",
        "sec-fetch-site");
  }
  return Ok{};
}

Status check_source(const Request& request, std::string_view scheme, const Allowed& allowed) {
  if (Status status = check_host(request, allowed.hosts); !status) {
    return status;
  }
  return check_origin(request, scheme, allowed.origins);
}

}  // namespace ringcast::http
