#include "net/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace ringcast::net {

namespace {

constexpr std::array<uint8_t, 12> kV4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr size_t kV4PrefixBits = kV4Prefix.size() * 8;
constexpr size_t kAllBits = 128;
constexpr size_t kClientBytes = 8;  // A /64.
// inet_pton() wants a terminated text; nothing longer than this is an address.
constexpr size_t kLongest = INET6_ADDRSTRLEN - 1;

// With only the first `bits`.
IpAddress masked(const IpAddress& address, size_t bits) {
  IpAddress::Bytes bytes = address.bytes();
  for (size_t i = 0; i < bytes.size(); ++i) {
    const size_t kept = std::min<size_t>(bits - std::min(bits, i * 8), 8);
    bytes[i] &= static_cast<uint8_t>(0xFF00U >> kept);
  }
  return IpAddress(bytes);
}

}  // namespace

IpAddress IpAddress::v4(const std::array<uint8_t, 4>& bytes) {
  IpAddress address;
  std::copy(kV4Prefix.begin(), kV4Prefix.end(), address.bytes_.begin());
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin() + kV4Prefix.size());
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.size() > kLongest || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string terminated(text);
  std::array<uint8_t, 4> four{};
  if (inet_pton(AF_INET, terminated.c_str(), four.data()) == 1) {
    return v4(four);
  }
  Bytes sixteen{};
  if (inet_pton(AF_INET6, terminated.c_str(), sixteen.data()) == 1) {
    return IpAddress(sixteen);
  }
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    std::array<uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, 4);
    return v4(bytes);
  }
  if (address->sa_family == AF_INET6) {
    Bytes bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, 16);
    return IpAddress(bytes);
  }
  return std::nullopt;
}

bool IpAddress::is_v4() const {
  return std::equal(kV4Prefix.begin(), kV4Prefix.end(), bytes_.begin());
}

bool IpAddress::is_loopback() const {
  constexpr Bytes kV6Loopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return is_v4() ? bytes_[kV4Prefix.size()] == 127 : bytes_ == kV6Loopback;
}

IpAddress IpAddress::client() const {
  return is_v4() ? *this : masked(*this, kClientBytes * 8);
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool is_four = is_v4();
  inet_ntop(is_four ? AF_INET : AF_INET6, bytes_.data() + (is_four ? kV4Prefix.size() : 0),
            text.data(), text.size());
  return text.data();
}

Result<IpPrefix> IpPrefix::parse(std::string_view text) {
  const size_t slash = std::min(text.find('/'), text.size());
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) {
    return fail(Errc::kInvalid,
                "write an address or a network, as in 10.1.2.3, 10.0.0.0/8 or fd00::/8");
  }
  if (slash == text.size()) {
    return IpPrefix(*address, kAllBits);
  }
  // ::ffff:10.0.0.0/104 is 10.0.0.0/8: the length has to be that of the text.
  const bool is_written_as_v4 = text.substr(0, slash).find(':') == std::string_view::npos;
  if (!is_written_as_v4 && address->is_v4()) {
    return fail(Errc::kInvalid, "write it as an IPv4 network, as in 10.0.0.0/8");
  }
  const size_t before = is_written_as_v4 ? kV4PrefixBits : 0;
  const std::string_view digits = text.substr(slash + 1);
  const auto bits = parse_uint(digits);
  if (!bits || *bits > kAllBits - before || (digits.size() > 1 && digits.starts_with('0'))) {
    return fail(Errc::kInvalid, "the length after / must be a number from 0 to " +
                                    std::to_string(kAllBits - before));
  }
  const IpPrefix prefix(masked(*address, before + *bits), before + *bits);
  if (prefix.address_ != *address) {
    return fail(Errc::kInvalid, "has bits beyond its length: the network is " + prefix.text());
  }
  return prefix;
}

bool IpPrefix::contains(const IpAddress& address) const {
  // ::/0 is every IPv6 address, not IPv4 too, whatever their bytes look like.
  return address.is_v4() == (bits_ >= kV4PrefixBits && address_.is_v4()) &&
         masked(address, bits_) == address_;
}

std::string IpPrefix::text() const {
  if (bits_ == kAllBits) {
    return address_.text();
  }
  const bool is_four = bits_ >= kV4PrefixBits && address_.is_v4();
  return address_.text() + "/" + std::to_string(bits_ - (is_four ? kV4PrefixBits : 0));
}

}  // namespace ringcast::net
