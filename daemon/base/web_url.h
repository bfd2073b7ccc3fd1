#pragma once

#include <optional>
#include <string_view>

namespace ringcast {

// Of a URL, what stands before its path; views into it.
struct WebUrl {
  std::string_view scheme;
  std::string_view host;  // Without port.

  // Nobody between here and there can read or change what is sent: https, or http that does not
  // leave this machine.
  [[nodiscard]] bool is_protected() const;
};

// Nothing unless there is a host behind "scheme://", without user and password, and nothing in the
// text that a URL cannot hold.
[[nodiscard]] std::optional<WebUrl> parse_web_url(std::string_view url);

}  // namespace ringcast
