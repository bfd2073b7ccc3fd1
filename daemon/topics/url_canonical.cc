#include "topics/url_canonical.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "topics/url.h"
#include "topics/url_encoding.h"
#include "topics/url_host.h"

namespace ringcast::topics {

namespace {

bool has_only(std::string_view text, const ByteSet& set) {
  return std::all_of(text.begin(), text.end(), [&](char c) { return set.contains(c); });
}

// The parser takes tabs and line ends out wherever they are.
std::string without_line_ends(std::string_view text) {
  std::string out(text);
  std::erase_if(out, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
  return out;
}

std::optional<std::string> canonical_protocol(std::string_view text) {
  constexpr ByteSet kSchemes = kLetters | kDigits | ByteSet::of("+-.");
  const bool is_scheme = kLetters.contains(text.front()) && has_only(text, kSchemes);
  return is_scheme ? std::optional(to_lower(text)) : std::nullopt;
}

std::optional<std::string> canonical_hostname(std::string_view text) {
  return parse_special_host(text.substr(0, text.find_first_of("/\\?#")));
}

std::optional<std::string> canonical_ipv6_hostname(std::string_view text) {
  constexpr ByteSet kAddresses = kHexDigits | ByteSet::of("[]:");
  return has_only(text, kAddresses) ? std::optional(to_lower(text)) : std::nullopt;
}

// What follows the digits does not count, as in the parser.
std::optional<std::string> canonical_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() ? std::optional(std::to_string(port)) : std::nullopt;
}

// Text that does not begin with a slash must not get one, and goes on with a segment of which
// nobody knows the beginning: ".." cannot take that away.
std::optional<std::string> canonical_pathname(std::string_view text) {
  std::string path;
  if (text.starts_with('/')) {
    append_path(path, text, true);
    return path;
  }
  append_path(path, "/-" + std::string(text), true);
  return path.starts_with("/-") ? std::optional(path.substr(2)) : std::nullopt;
}

std::optional<std::string> canonical(UrlPart part, std::string_view text) {
  switch (part) {
    case UrlPart::kProtocol:
      return canonical_protocol(text);
    case UrlPart::kUsername:
    case UrlPart::kPassword:
      return percent_encode(text, kUserinfoEscapes);
    case UrlPart::kHostname:
      return canonical_hostname(text);
    case UrlPart::kIpv6Hostname:
      return canonical_ipv6_hostname(text);
    case UrlPart::kPort:
      return canonical_port(text);
    case UrlPart::kPathname:
      return canonical_pathname(text);
    case UrlPart::kOpaquePathname:
      return percent_encode(text, kControlEscapes | ByteSet::of("?#"));
    case UrlPart::kSearch:
      return percent_encode(text, kSpecialQueryEscapes);
    case UrlPart::kHash:
      return percent_encode(text, kFragmentEscapes);
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(UrlPart part) {
  switch (part) {
    case UrlPart::kProtocol:
      return "protocol";
    case UrlPart::kUsername:
      return "username";
    case UrlPart::kPassword:
      return "password";
    case UrlPart::kHostname:
    case UrlPart::kIpv6Hostname:
      return "hostname";
    case UrlPart::kPort:
      return "port";
    case UrlPart::kPathname:
    case UrlPart::kOpaquePathname:
      return "pathname";
    case UrlPart::kSearch:
      return "search";
    case UrlPart::kHash:
      return "hash";
  }
  return "";
}

Result<std::string> canonicalize(UrlPart part, std::string_view text) {
  const std::string cleaned = without_line_ends(text);
  if (cleaned.empty()) {
    return std::string();
  }
  if (auto encoded = canonical(part, cleaned)) {
    return *std::move(encoded);
  }
  return fail(Errc::kInvalid,
              "'" + std::string(text) + "' cannot stand in a " + std::string(name_of(part)));
}

}  // namespace ringcast::topics
