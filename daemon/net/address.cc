#include "net/address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "base/text.h"

namespace ringcast::net {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::string_view kForms = "write 127.0.0.1:8080, [::1]:8080 or unix:/path";
// sun_path has to hold the path and its terminating zero (unix(7)).
constexpr size_t kUnixPathLimit = sizeof(sockaddr_un::sun_path) - 1;

Failure refuse(const std::string& why) {
  return fail(Errc::kInvalid, why);
}

// The numeric address in its one canonical form, so that two spellings compare equal; nothing
// when it is none.
std::optional<std::string> canonical(int family, const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> binary{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (host.find('\0') != std::string::npos || inet_pton(family, host.c_str(), binary.data()) != 1 ||
      inet_ntop(family, binary.data(), text.data(), text.size()) == nullptr) {
    return std::nullopt;
  }
  return text.data();
}

Result<Address> parse_unix(std::string_view path) {
  if (!path.starts_with('/')) {
    return refuse("a unix socket needs an absolute path, as in unix:/run/ringcast.sock");
  }
  if (path.size() > kUnixPathLimit) {
    return refuse("the path of a unix socket may have at most " + std::to_string(kUnixPathLimit) +
                  " bytes, this one has " + std::to_string(path.size()));
  }
  const auto is_control = [](unsigned char byte) { return byte < 0x20 || byte == 0x7f; };
  if (std::any_of(path.begin(), path.end(), is_control)) {
    return refuse("the path of a unix socket may not have control characters");
  }
  return Address{.host = {}, .port = 0, .unix_path = std::string(path)};
}

Result<std::string> parse_host(std::string_view host, std::string_view port) {
  if (host == "localhost") {
    return std::string("127.0.0.1");
  }
  if (host.empty() || host == "*") {
    return refuse("which addresses? Write 0.0.0.0:" + std::string(port) +
                  " for all of them or 127.0.0.1:" + std::string(port) + " for this machine only");
  }
  if (host.starts_with('[') && host.ends_with(']')) {
    const std::string inner(host.substr(1, host.size() - 2));
    if (auto ipv6 = canonical(AF_INET6, inner)) {
      return *std::move(ipv6);
    }
    return refuse("not an IPv6 address: " + std::string(host));
  }
  if (host.find(':') != std::string_view::npos) {
    return refuse("an IPv6 address goes in brackets, as in [::1]:8080");
  }
  if (auto ipv4 = canonical(AF_INET, std::string(host))) {
    return *std::move(ipv4);
  }
  return refuse("not a numeric address: " + std::string(host) +
                " (names other than localhost are not looked up)");
}

}  // namespace

bool Address::is_local() const {
  return !unix_path.empty() || host.starts_with("127.") || host == "::1";
}

std::string Address::text() const {
  if (!unix_path.empty()) {
    return std::string(kUnixPrefix) + unix_path;
  }
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Address> parse_address(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) {
    return parse_unix(text.substr(kUnixPrefix.size()));
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']')) {
    return refuse("no port: " + std::string(kForms));
  }
  const std::string_view port_text = text.substr(colon + 1);
  const auto port = parse_uint(port_text);
  if (!port || *port > UINT16_MAX) {
    return refuse("the port must be a number from 0 to 65535: " + std::string(kForms));
  }
  auto host = parse_host(text.substr(0, colon), port_text);
  if (!host) {
    return std::move(host).failure();
  }
  return Address{.host = *std::move(host), .port = static_cast<uint16_t>(*port), .unix_path = {}};
}

}  // namespace ringcast::net
