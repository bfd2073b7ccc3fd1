#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <set>
#include <string>
#include <unordered_set>

#include "net/ip_address.h"

namespace ringcast::net::net_ip_address_test {
namespace {

IpAddress address(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  REQUIRE_MESSAGE(parsed, text);
  return *parsed;
}

IpPrefix prefix(std::string_view text) {
  const auto parsed = IpPrefix::parse(text);
  REQUIRE_MESSAGE(parsed, text);
  return *parsed;
}

std::string refusal(std::string_view text) {
  const auto parsed = IpPrefix::parse(text);
  return parsed ? "no error" : parsed.error().detail;
}

TEST_CASE("net: an IP address has one text, however it was written") {
  CHECK(address("192.0.2.1").text() == "192.0.2.1");
  CHECK(address("2001:DB8:0:0::0001").text() == "2001:db8::1");
  CHECK(address("::").text() == "::");
  CHECK(address("255.255.255.255").text() == "255.255.255.255");
}

TEST_CASE("net: an IPv4 address in IPv6's clothes is the IPv4 address") {
  CHECK(address("::ffff:192.0.2.1") == address("192.0.2.1"));
  CHECK(address("::ffff:c000:201") == address("192.0.2.1"));
  CHECK(address("::ffff:192.0.2.1").text() == "192.0.2.1");
  CHECK(address("::ffff:192.0.2.1").is_v4());
  CHECK_FALSE(address("::192.0.2.1").is_v4());
}

TEST_CASE("net: what is not exactly an IP address is none") {
  for (
      const char* text :
      {"",           " ",         "192.0.2",    "192.0.2.1.1", "192.0.2.256",   "192.0.2.01",
       "0x7f.0.0.1", "127.1",     "2130706433", " 192.0.2.1",  "192.0.2.1 ",    "192.0.2.1:80",
       "[::1]",      "::1%lo",    "1::2::3",    "12345::",     "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
       ":::",        "localhost", "::1/128"}) {
    CAPTURE(text);
    CHECK_FALSE(IpAddress::parse(text));
  }
  CHECK_FALSE(IpAddress::parse(std::string_view("::1\0", 4)));
  CHECK_FALSE(IpAddress::parse(std::string(1000, '1')));
  CHECK(IpAddress::parse("0000:0000:0000:0000:0000:ffff:255.255.255.255"));  // The longest.
}

TEST_CASE("net: a peer's address comes from its socket address") {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_addr.s_addr = htonl(0xC0000201);
  CHECK(IpAddress::of(reinterpret_cast<sockaddr*>(&four)) == address("192.0.2.1"));
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_addr.s6_addr[0] = 0xFD;
  six.sin6_addr.s6_addr[15] = 7;
  CHECK(IpAddress::of(reinterpret_cast<sockaddr*>(&six)) == address("fd00::7"));
  sockaddr_un path{};
  path.sun_family = AF_UNIX;
  CHECK_FALSE(IpAddress::of(reinterpret_cast<sockaddr*>(&path)));
}

TEST_CASE("net: loopback is 127.0.0.0/8 and ::1") {
  for (const char* text : {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"}) {
    CAPTURE(text);
    CHECK(address(text).is_loopback());
  }
  for (const char* text : {"126.255.255.255", "128.0.0.0", "0.0.0.0", "::", "::2", "100::1",
                           "::7f00:1", "::127.0.0.1"}) {
    CAPTURE(text);
    CHECK_FALSE(address(text).is_loopback());
  }
}

TEST_CASE("net: an IPv6 client is its /64, an IPv4 client its address") {
  CHECK(address("2001:db8:1:2:3:4:5:6").client() == address("2001:db8:1:2::"));
  CHECK(address("2001:db8:1:2::9").client() == address("2001:db8:1:2:ffff::").client());
  CHECK(address("2001:db8:1:3::9").client() != address("2001:db8:1:2::9").client());
  CHECK(address("192.0.2.1").client() == address("192.0.2.1"));
}

TEST_CASE("net: equal addresses have equal hashes and keys") {
  const std::unordered_set<IpAddress> seen = {address("10.0.0.1"), address("::ffff:10.0.0.1"),
                                              address("10.0.0.2")};
  CHECK(seen.size() == 2);
  const IpAddress one = address("fd00::1");
  const IpAddress same = address("fd00:0::1");
  CHECK(one.key() == same.key());
  CHECK(one.key().size() == 16);
}

TEST_CASE("net: a network contains its addresses, from the first to the last") {
  const IpPrefix ten = prefix("10.16.0.0/12");
  CHECK(ten.contains(address("10.16.0.0")));
  CHECK(ten.contains(address("10.31.255.255")));
  CHECK(ten.contains(address("::ffff:10.20.0.1")));
  CHECK_FALSE(ten.contains(address("10.15.255.255")));
  CHECK_FALSE(ten.contains(address("10.32.0.0")));
  const IpPrefix six = prefix("fd00::/8");
  CHECK(six.contains(address("fdff::1")));
  CHECK_FALSE(six.contains(address("fe00::")));
  CHECK_FALSE(six.contains(address("fc00::")));
}

TEST_CASE("net: a single address is a network of one") {
  for (const char* text : {"10.0.0.1", "10.0.0.1/32"}) {
    CHECK(prefix(text).contains(address("10.0.0.1")));
    CHECK_FALSE(prefix(text).contains(address("10.0.0.0")));
    CHECK(prefix(text).text() == "10.0.0.1");
  }
  CHECK(prefix("::1/128").text() == "::1");
  CHECK_FALSE(prefix("::1").contains(address("::")));
}

TEST_CASE("net: all of IPv4 is not IPv6, and the other way round") {
  CHECK(prefix("0.0.0.0/0").contains(address("203.0.113.9")));
  CHECK_FALSE(prefix("0.0.0.0/0").contains(address("2001:db8::1")));
  CHECK(prefix("::/0").contains(address("2001:db8::1")));
  CHECK_FALSE(prefix("::/0").contains(address("203.0.113.9")));
}

TEST_CASE("net: a network's text reads back to the same") {
  for (const char* text : {"10.0.0.0/8", "0.0.0.0/0", "::/0", "fd00::/8", "192.0.2.0/31",
                           "2001:db8::/127", "::ffff:0.0.0.0"}) {
    CAPTURE(text);
    CHECK(prefix(prefix(text).text()) == prefix(text));
  }
  CHECK(prefix("10.0.0.0/8").text() == "10.0.0.0/8");
  CHECK(prefix("FD00::/8").text() == "fd00::/8");
}

TEST_CASE("net: what is no network says what it should be") {
  for (const char* text : {"", "/8", "10.0.0/8", "localhost", "*", "10.0.0.0 /8"}) {
    CAPTURE(text);
    CHECK(refusal(text) == "write an address or a network, as in 10.1.2.3, 10.0.0.0/8 or fd00::/8");
  }
  for (const char* text :
       {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8/8", "10.0.0.0/ 8"}) {
    CAPTURE(text);
    CHECK(refusal(text) == "the length after / must be a number from 0 to 32");
  }
  CHECK(refusal("fd00::/129") == "the length after / must be a number from 0 to 128");
  CHECK(refusal("10.0.0.1/8") == "has bits beyond its length: the network is 10.0.0.0/8");
  CHECK(refusal("fd00::1/64") == "has bits beyond its length: the network is fd00::/64");
  CHECK(refusal("::ffff:10.0.0.0/104") == "write it as an IPv4 network, as in 10.0.0.0/8");
}

}  // namespace
}  // namespace ringcast::net::net_ip_address_test
