#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "http/forwarded.h"

namespace ringcast::http::http_forwarded_test {
namespace {

Request with(const char* name, const std::vector<std::string>& lines) {
  Request request;
  for (const std::string& line : lines) {
    request.headers.emplace_back("Accept", "*/*");
    request.headers.emplace_back(name, line);
  }
  return request;
}

// 10.* and fd00:* are proxies of ours; what has another character than an address is none.
Hop judge(std::string_view text) {
  if (text.find_first_not_of("0123456789abcdef:.") != std::string_view::npos) {
    return Hop::kInvalid;
  }
  return text.starts_with("10.") || text.starts_with("fd00:") ? Hop::kTrusted : Hop::kClient;
}

// The address, and a question mark when somebody unknown is behind it.
std::string client_of(const Request& request, ForwardedHeader header) {
  const ForwardedClient client = forwarded_client(request, header, judge);
  return client.address + (client.is_known ? "" : "?");
}

std::string by_x_forwarded_for(const std::vector<std::string>& lines) {
  return client_of(with("X-Forwarded-For", lines), ForwardedHeader::kXForwardedFor);
}

std::string by_forwarded(const std::vector<std::string>& lines) {
  return client_of(with("Forwarded", lines), ForwardedHeader::kForwarded);
}

TEST_CASE("http: the first address from the right that is not trusted is the client") {
  CHECK(by_x_forwarded_for({"192.0.2.1"}) == "192.0.2.1");
  CHECK(by_x_forwarded_for({"192.0.2.1, 10.0.0.1, 10.0.0.2"}) == "192.0.2.1");
  CHECK(by_forwarded({"for=192.0.2.1, for=10.0.0.1"}) == "192.0.2.1");
}

TEST_CASE("http: what a client claims left of its own address is not believed") {
  CHECK(by_x_forwarded_for({"10.0.0.9, 127.0.0.1, 192.0.2.1, 10.0.0.1"}) == "192.0.2.1");
  CHECK(by_x_forwarded_for({"unknown, \"x, 192.0.2.1"}) == "192.0.2.1");
  CHECK(by_forwarded({"for=127.0.0.1, for=192.0.2.1, for=10.0.0.1"}) == "192.0.2.1");
}

TEST_CASE("http: when all addresses are trusted, the farthest is the client") {
  CHECK(by_x_forwarded_for({"10.0.0.3, 10.0.0.2"}) == "10.0.0.3");
  CHECK(by_forwarded({"for=10.0.0.3;by=10.0.0.2"}) == "10.0.0.3");
}

TEST_CASE("http: several lines are one list, in their order") {
  CHECK(by_x_forwarded_for({"198.51.100.1, 192.0.2.1", "10.0.0.1", "10.0.0.2"}) == "192.0.2.1");
  CHECK(by_forwarded({"for=198.51.100.1", "for=192.0.2.1", "for=10.0.0.1"}) == "192.0.2.1");
}

TEST_CASE("http: ports and brackets are no part of an address") {
  for (const char* text : {"192.0.2.1:80", "192.0.2.1:0", "192.0.2.1:65535", " \t192.0.2.1\t"}) {
    CAPTURE(text);
    CHECK(by_x_forwarded_for({text}) == "192.0.2.1");
  }
  for (const char* text : {"2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443"}) {
    CAPTURE(text);
    CHECK(by_x_forwarded_for({text}) == "2001:db8::1");
  }
  for (const char* text : {"for=\"192.0.2.1:80\"", "for=192.0.2.1:80", "for=\"192.0.2.1:_http\""}) {
    CAPTURE(text);
    CHECK(by_forwarded({text}) == "192.0.2.1");
  }
  for (const char* text : {"for=\"[2001:db8::1]\"", "for=\"[2001:db8::1]:443\"",
                           "for=\"[2001:db8::1]:_x\"", "for=[2001:db8::1]"}) {
    CAPTURE(text);
    CHECK(by_forwarded({text}) == "2001:db8::1");
  }
}

TEST_CASE("http: empty elements of a list do not count") {
  CHECK(by_x_forwarded_for({"", ",192.0.2.1,, 10.0.0.1 ,", " , "}) == "192.0.2.1");
  CHECK(by_forwarded({"", ",for=192.0.2.1,, for=10.0.0.1 ,", " , "}) == "192.0.2.1");
}

TEST_CASE("http: the way ends at what is no address, with somebody unknown behind it") {
  for (const char* text : {"unknown", "_hidden", "192.0.2.1:", "192.0.2.1:x", "192.0.2.1:65536",
                           "[2001:db8::1", "[2001:db8::1]443", "[2001:db8::1]:", "[192.0.2.1]",
                           "[]", ":80", "\"192.0.2.1\"", "192.0.2.1 192.0.2.2"}) {
    CAPTURE(text);
    CHECK(by_x_forwarded_for({text}) == "?");
    CHECK(by_x_forwarded_for({"192.0.2.9, " + std::string(text) + ", 10.0.0.2, 10.0.0.1"}) ==
          "10.0.0.2?");
  }
  for (const char* text : {"for=unknown", "for=_hidden", "for=\"_hidden:_port\"", "proto=https",
                           "for=\"\"", "for=\"2001:db8::1\"", "for=\"[2001:db8::1]:\""}) {
    CAPTURE(text);
    CHECK(by_forwarded({text}) == "?");
    CHECK(by_forwarded({"for=192.0.2.9, " + std::string(text) + ", for=10.0.0.1"}) == "10.0.0.1?");
  }
}

TEST_CASE("http: the parameters of Forwarded come in any order and case") {
  CHECK(by_forwarded({"proto=https;FOR=192.0.2.1;by=203.0.113.43;host=\"a.example:1\""}) ==
        "192.0.2.1");
  CHECK(by_forwarded({"By=\"[fd00::1]\" ; for=192.0.2.1 ; ext=\"a, for=10.9.9.9; \\\" b\""}) ==
        "192.0.2.1");
  CHECK(by_forwarded({";for=192.0.2.1;;proto=http;, for=10.0.0.1;"}) == "192.0.2.1");
}

TEST_CASE("http: quoted text of Forwarded is without its escapes") {
  CHECK(by_forwarded({"for=\"\\192.\\0.2.1\""}) == "192.0.2.1");
  CHECK(by_forwarded({"for=\"\\[2001:db8::1\\]:80\", for=10.0.0.1"}) == "2001:db8::1");
}

TEST_CASE("http: a malformed line of Forwarded ends the way, but not that of later lines") {
  for (const char* text :
       {"for", "for=", "=192.0.2.1", "for=\"192.0.2.1", "for=\"192.0.2.1\\", "for = 192.0.2.1",
        "for=192.0.2.1;for=192.0.2.2", "for=192.0.2.1 by=a", "for=\"192.0.2.1\"x", "for=a\"b\""}) {
    CAPTURE(text);
    CHECK(by_forwarded({text}) == "?");
    CHECK(by_forwarded({std::string(text) + ", for=10.0.0.2", "for=10.0.0.1"}) == "10.0.0.1?");
    CHECK(by_forwarded({text, "for=192.0.2.7", "for=10.0.0.1"}) == "192.0.2.7");
  }
}

TEST_CASE("http: only the header that was chosen is believed") {
  const Request request = with("X-Forwarded-For", {"192.0.2.1"});
  CHECK(client_of(request, ForwardedHeader::kForwarded) == "?");
  CHECK(client_of(request, ForwardedHeader::kNone) == "?");
  CHECK(client_of(with("x-FORWARDED-for", {"192.0.2.1"}), ForwardedHeader::kXForwardedFor) ==
        "192.0.2.1");
}

TEST_CASE("http: a request that no proxy has had in its hands is its peer's own") {
  const Request request = with("Host", {"localhost"});
  for (const auto header :
       {ForwardedHeader::kXForwardedFor, ForwardedHeader::kForwarded, ForwardedHeader::kNone}) {
    CHECK(client_of(request, header) == "");
  }
  // A header without an address was somebody's all the same.
  CHECK(by_x_forwarded_for({""}) == "?");
}

TEST_CASE("http: every header that only proxies set tells of one") {
  for (const char* name : {"Forwarded", "forwarded", "X-Forwarded-For", "x-forwarded-proto",
                           "X-FORWARDED-HOST", "X-Forwarded-Anything", "X-Real-IP", "Via", "via"}) {
    CAPTURE(name);
    CHECK(is_forwarded(with(name, {""})));
  }
  for (const char* name : {"Host", "X-Forwarded", "XForwarded-For", "X-Real", "Vi", "Viable",
                           "Forwarded2", "Origin"}) {
    CAPTURE(name);
    CHECK_FALSE(is_forwarded(with(name, {"1.1.1.1"})));
  }
}

}  // namespace
}  // namespace ringcast::http::http_forwarded_test
