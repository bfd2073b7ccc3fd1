#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "config/composite_keys.h"
#include "config/string_list.h"

namespace ringcast::config {

namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kSchemeRest = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-._";
constexpr std::string_view kIpv6Characters = "0123456789abcdef:.";

bool consists_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

bool is_host(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) {
    return consists_of(host.substr(1, host.size() - 2), kIpv6Characters);
  }
  return consists_of(host, kNameCharacters);
}

Status check_port(std::string_view scheme, std::string_view text) {
  const auto port = parse_uint(text);
  if (!port || *port < 1 || *port > UINT16_MAX || text.starts_with('0')) {
    return fail(Errc::kInvalid, "the port must be a number from 1 to 65535");
  }
  if ((scheme == "http" && *port == 80) || (scheme == "https" && *port == 443)) {
    return fail(Errc::kInvalid, "leave out the port: browsers never send the usual one");
  }
  return Ok{};
}

// The form in which a browser sends it (RFC 6454 section 6.2), because it is compared byte by
// byte. "null" is refused: every sandboxed frame and local file has that origin.
Status check_origin(std::string_view origin) {
  if (origin == "*") {
    return Ok{};
  }
  const size_t end = origin.find("://");
  if (end == std::string_view::npos) {
    return fail(Errc::kInvalid,
                "write scheme://host or scheme://host:port, as in https://app.example");
  }
  const std::string_view scheme = origin.substr(0, end);
  std::string_view host = origin.substr(end + 3);
  if (host.find('/') != std::string_view::npos) {
    return fail(Errc::kInvalid, "an origin has no path, not even a / at its end");
  }
  if (origin != to_lower(origin)) {
    return fail(Errc::kInvalid, "browsers send origins in lower case");
  }
  const size_t colon = host.ends_with(']') ? std::string_view::npos : host.rfind(':');
  if (colon != std::string_view::npos) {
    if (auto status = check_port(scheme, host.substr(colon + 1)); !status) {
      return status;
    }
    host = host.substr(0, colon);
  }
  if (!consists_of(scheme, kSchemeRest) || kLower.find(scheme[0]) == std::string_view::npos ||
      !is_host(host)) {
    return fail(Errc::kInvalid,
                "not an origin: write scheme://host or scheme://host:port, without wildcards");
  }
  return Ok{};
}

Status read_origins_into(std::vector<std::string>& out, const Node& value, std::string_view path) {
  auto origins = read_strings(value, path, check_origin);
  if (!origins) {
    return std::move(origins).failure();
  }
  const bool has_any = std::find(origins->begin(), origins->end(), "*") != origins->end();
  if (has_any && origins->size() > 1) {
    return fail_at(value.where, path, "\"*\" stands alone: every origin is in it");
  }
  out = *std::move(origins);
  return Ok{};
}

}  // namespace

Status read_origins(const Node& value, std::string_view path, Config& config) {
  return read_origins_into(config.server.cors_origins, value, path);
}

std::string print_origins(const Config& config) {
  return " " + print_strings(config.server.cors_origins);
}

Status read_publish_origins(const Node& value, std::string_view path, Config& config) {
  return read_origins_into(config.server.mercure.publish_origins, value, path);
}

std::string print_publish_origins(const Config& config) {
  return " " + print_strings(config.server.mercure.publish_origins);
}

}  // namespace ringcast::config
