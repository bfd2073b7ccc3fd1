#include "base/web_url.h"

#include <algorithm>
#include <array>

namespace ringcast {

bool WebUrl::is_protected() const {
  constexpr std::array<std::string_view, 3> kLoopback = {"localhost", "127.0.0.1", "[::1]"};
  const bool is_loopback = std::find(kLoopback.begin(), kLoopback.end(), host) != kLoopback.end();
  return scheme == "https" || (scheme == "http" && is_loopback);
}

std::optional<WebUrl> parse_web_url(std::string_view url) {
  constexpr std::string_view kCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]";
  const size_t end = url.find("://");
  const bool is_printable =
      std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (end == std::string_view::npos || !is_printable) {
    return std::nullopt;
  }
  const std::string_view rest = url.substr(end + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const size_t colon = authority.ends_with(']') ? std::string_view::npos : authority.rfind(':');
  const WebUrl parsed{url.substr(0, end), authority.substr(0, colon)};
  if (parsed.host.empty() || authority.find_first_not_of(kCharacters) != std::string_view::npos) {
    return std::nullopt;
  }
  return parsed;
}

}  // namespace ringcast
