#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct sockaddr;

namespace ringcast::net {

// An IPv4 or IPv6 address, without port and zone. Each address has one form: an IPv4 address in
// IPv6's clothes (::ffff:192.0.2.1, what a dual-stack listener sees) is the IPv4 one.
class IpAddress {
 public:
  using Bytes = std::array<uint8_t, 16>;

  // "::", which nobody has.
  IpAddress() = default;
  // `bytes` in network order; an IPv4 address as ::ffff:a.b.c.d.
  explicit IpAddress(const Bytes& bytes) : bytes_(bytes) {}
  static IpAddress v4(const std::array<uint8_t, 4>& bytes);
  // Reads "192.0.2.1" or "2001:db8::1": no brackets, no zone, no leading zeros in IPv4.
  static std::optional<IpAddress> parse(std::string_view text);
  // Of a peer; nothing when it is of another family, such as a unix socket.
  static std::optional<IpAddress> of(const sockaddr* address);

  [[nodiscard]] bool is_v4() const;
  // 127.0.0.0/8 and ::1.
  [[nodiscard]] bool is_loopback() const;
  // Who a limit for each client counts: an IPv6 client has a whole /64 to choose addresses from
  // (RFC 6177), so it is that network; an IPv4 client is its address.
  [[nodiscard]] IpAddress client() const;
  [[nodiscard]] std::string text() const;
  // In network order; an IPv4 address as ::ffff:a.b.c.d.
  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }
  // The same as a key of a table; valid as long as this is.
  [[nodiscard]] std::string_view key() const noexcept {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  bool operator==(const IpAddress&) const = default;

 private:
  Bytes bytes_{};
};

// A network such as 10.0.0.0/8 or fd00::/8, or a single address.
class IpPrefix {
 public:
  // Reads "10.0.0.0/8", "fd00::/8" or an address. kInvalid says what is wrong, also when bits are
  // set beyond the length: "10.0.0.1/8" is probably not what was meant.
  static Result<IpPrefix> parse(std::string_view text);

  [[nodiscard]] bool contains(const IpAddress& address) const;
  // "10.0.0.0/8", and without length when it is a single address.
  [[nodiscard]] std::string text() const;
  bool operator==(const IpPrefix&) const = default;

 private:
  IpPrefix(const IpAddress& address, size_t bits) : address_(address), bits_(bits) {}

  IpAddress address_;
  size_t bits_;  // Of the 128: those of an IPv4 network and 96.
};

}  // namespace ringcast::net

template <>
struct std::hash<ringcast::net::IpAddress> {
  size_t operator()(const ringcast::net::IpAddress& address) const noexcept {
    return std::hash<std::string_view>{}(address.key());
  }
};
