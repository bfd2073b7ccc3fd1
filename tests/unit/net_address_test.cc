#include <doctest/doctest.h>

#include <string>

#include "net/address.h"

namespace ringcast::net::net_address_test {
namespace {

std::string error_of(std::string_view text) {
  const auto address = parse_address(text);
  return address ? "no error" : address.error().detail;
}

std::string round_trip(std::string_view text) {
  const auto address = parse_address(text);
  REQUIRE_MESSAGE(address, address.error().detail);
  return address->text();
}

TEST_CASE("net: addresses are read and written") {
  CHECK(round_trip("127.0.0.1:8080") == "127.0.0.1:8080");
  CHECK(round_trip("0.0.0.0:0") == "0.0.0.0:0");
  CHECK(round_trip("[::1]:8080") == "[::1]:8080");
  CHECK(round_trip("[0:0:0::0001]:65535") == "[::1]:65535");
  CHECK(round_trip("localhost:8080") == "127.0.0.1:8080");
  CHECK(round_trip("unix:/run/x.sock") == "unix:/run/x.sock");
}

TEST_CASE("net: only loopback and unix sockets are local") {
  CHECK(parse_address("127.0.0.1:1")->is_local());
  CHECK(parse_address("127.255.0.9:1")->is_local());
  CHECK(parse_address("localhost:1")->is_local());
  CHECK(parse_address("[::1]:1")->is_local());
  CHECK(parse_address("unix:/a")->is_local());
  CHECK_FALSE(parse_address("0.0.0.0:1")->is_local());
  CHECK_FALSE(parse_address("[::]:1")->is_local());
  CHECK_FALSE(parse_address("10.0.0.1:1")->is_local());
  CHECK_FALSE(parse_address("128.0.0.1:1")->is_local());
}

TEST_CASE("net: any address is asked for by its number") {
  CHECK(error_of("*:8080") ==
        "which addresses? Write 0.0.0.0:8080 for all of them or 127.0.0.1:8080 for this machine "
        "only");
  CHECK(error_of(":80").starts_with("which addresses? Write 0.0.0.0:80 "));
}

TEST_CASE("net: names are not looked up") {
  CHECK(error_of("example.org:80") ==
        "not a numeric address: example.org (names other than localhost are not looked up)");
  CHECK(error_of("127.1:80").starts_with("not a numeric address: "));
  CHECK(error_of("256.0.0.1:80").starts_with("not a numeric address: "));
}

TEST_CASE("net: a port is 0 to 65535") {
  CHECK(error_of("127.0.0.1:65535") == "no error");
  for (const char* bad :
       {"127.0.0.1:65536", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:-1", "127.0.0.1: 80"}) {
    CAPTURE(bad);
    CHECK(error_of(bad) ==
          "the port must be a number from 0 to 65535: write 127.0.0.1:8080, [::1]:8080 or "
          "unix:/path");
  }
  CHECK(error_of("127.0.0.1").starts_with("no port: "));
  CHECK(error_of("[::1]").starts_with("no port: "));
  CHECK(error_of("").starts_with("no port: "));
}

TEST_CASE("net: an IPv6 address needs brackets") {
  CHECK(error_of("::1:8080") == "an IPv6 address goes in brackets, as in [::1]:8080");
  CHECK(error_of("[::g]:80") == "not an IPv6 address: [::g]");
  CHECK(error_of("[]:80") == "not an IPv6 address: []");
  CHECK(error_of("[127.0.0.1]:80") == "not an IPv6 address: [127.0.0.1]");
}

TEST_CASE("net: a zero byte does not hide what follows") {
  CHECK(error_of(std::string_view("127.0.0.1\0x:80", 14)).starts_with("not a numeric address"));
}

TEST_CASE("net: the path of a unix socket has at most 107 bytes") {
  const auto path = [](size_t size) { return "unix:/" + std::string(size - 1, 'a'); };
  CHECK(error_of(path(106)) == "no error");
  CHECK(error_of(path(107)) == "no error");
  CHECK(error_of(path(108)) ==
        "the path of a unix socket may have at most 107 bytes, this one has 108");
}

TEST_CASE("net: the path of a unix socket is absolute and printable") {
  CHECK(error_of("unix:") == "a unix socket needs an absolute path, as in unix:/run/ringcast.sock");
  CHECK(error_of("unix:x.sock").starts_with("a unix socket needs an absolute path"));
  CHECK(error_of("unix:/a\nb") == "the path of a unix socket may not have control characters");
}

}  // namespace
}  // namespace ringcast::net::net_address_test
