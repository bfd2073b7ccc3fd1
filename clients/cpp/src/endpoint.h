#pragma once

#include <string>
#include <string_view>

#include "ringcast/error.h"

namespace ringcast::client {

// Where the broker is.
struct Endpoint {
  std::string base_url;   // Without a slash at the end; paths of the API are appended.
  std::string unix_path;  // Not empty: connect to this socket; the URL only gives the Host.
  bool is_local = false;  // A unix socket or the loopback interface: never through a proxy.

  // For messages.
  [[nodiscard]] std::string name() const {
    return unix_path.empty() ? base_url : "unix:" + unix_path;
  }
};

// Reads "http://host:port/prefix", "https://…" or "unix:/path.sock". kInvalid for anything else,
// for a query or a fragment, and for credentials in the URL, which error messages would repeat.
Result<Endpoint> parse_endpoint(std::string_view text);

// `text` with all but RFC 3986's unreserved characters as %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);

// Puts "?name=value&…" together.
class Query {
 public:
  void add(std::string_view name, std::string_view value);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace ringcast::client
