#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ringcast::cli {

// Where the broker is.
struct Endpoint {
  std::string base_url;   // Without a slash at the end; paths of the API are appended.
  std::string unix_path;  // Not empty: connect to this socket; the URL only gives the Host.
  bool is_local = false;  // A unix socket or the loopback interface: never through a proxy.
};

// Reads "http://host:port/prefix", "https://…" or "unix:/path.sock". kInvalid for anything else,
// for a query or a fragment, and for credentials in the URL, which error messages would repeat.
Result<Endpoint> parse_endpoint(std::string_view text);

// `text` with all but RFC 3986's unreserved characters as %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);

// The path of a topic, "/topics/…". Slashes stay readable where nothing on the way is known to
// rewrite them, and become %2F where a proxy would merge empty or resolve "." and ".." segments.
[[nodiscard]] std::string topic_path(std::string_view topic);

// Puts "?name=value&…" together.
class Query {
 public:
  void add(std::string_view name, std::string_view value);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace ringcast::cli
