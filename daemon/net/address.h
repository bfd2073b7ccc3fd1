#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringcast::net {

// Where to listen: host and port, or the path of a unix socket.
struct Address {
  std::string host;   // A numeric IPv4 or IPv6 address, without brackets; empty for a unix socket.
  uint16_t port = 0;  // 0: any free one.
  std::string unix_path;
  uint32_t unix_mode = 0660;

  // Only this machine can reach it: 127.0.0.0/8, ::1 or a unix socket.
  [[nodiscard]] bool is_local() const;
  // "127.0.0.1:8080", "[::1]:8080", "unix:/run/x.sock".
  [[nodiscard]] std::string text() const;
  bool operator==(const Address&) const = default;
};

// Reads "127.0.0.1:8080", "[::1]:8080", "localhost:8080" (127.0.0.1) or "unix:/run/x.sock".
// kInvalid says what is wrong. Names other than localhost are refused: no DNS at start-up.
Result<Address> parse_address(std::string_view text);

}  // namespace ringcast::net
