#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/target.h"

namespace ringcast::http::http_target_test {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

Target parsed(std::string_view text) {
  auto target = parse_target(text);
  REQUIRE(target);
  return *std::move(target);
}

Error refusal(std::string_view text) {
  const auto target = parse_target(text);
  REQUIRE_FALSE(target);
  CHECK(target.error().code == Errc::kInvalid);
  return target.error();
}

TEST_CASE("http: a path stays percent-encoded") {
  const Target target = parsed("/topics/a%2Fb+c/d");
  CHECK(target.path == "/topics/a%2Fb+c/d");
  CHECK(target.query.empty());
}

TEST_CASE("http: a query is decoded, in order, with plus as space") {
  CHECK(parsed("/events?topic=a%2Fb&since=1+2&topic=%C3%A9%2B").query ==
        Query{{"topic", "a/b"}, {"since", "1 2"}, {"topic", "\xc3\xa9+"}});
}

TEST_CASE("http: a parameter may lack its value, have it empty, or contain an equals sign") {
  CHECK(parsed("/?a&b=&c=1=2&=x").query == Query{{"a", ""}, {"b", ""}, {"c", "1=2"}, {"", "x"}});
}

TEST_CASE("http: nothing between two ampersands is no parameter") {
  CHECK(parsed("/?&&a=1&").query == Query{{"a", "1"}});
  CHECK(parsed("/?").query.empty());
}

TEST_CASE("http: only the first question mark starts the query") {
  CHECK(parsed("/a?b=c?d").query == Query{{"b", "c?d"}});
}

TEST_CASE("http: an escaped ampersand separates nothing") {
  CHECK(parsed("/?a=1%262&b%3D=3").query == Query{{"a", "1&2"}, {"b=", "3"}});
}

TEST_CASE("http: an absolute URL is taken by its path") {
  CHECK(parsed("http://host:8080/a/b?c=d").path == "/a/b");
  CHECK(parsed("http://host:8080/a/b?c=d").query == Query{{"c", "d"}});
  CHECK(parsed("HTTPS://host").path == "/");
  CHECK(parsed("http://host?a=b").path == "/");
  CHECK(parsed("http://host?a=b").query == Query{{"a", "b"}});
}

TEST_CASE("http: the asterisk is the target of OPTIONS as a whole") {
  CHECK(parsed("*").path == "*");
  refusal("*x");
}

TEST_CASE("http: a path may begin with two slashes") {
  CHECK(parsed("//a/b").path == "//a/b");
}

TEST_CASE("http: targets of a form that is not served are refused") {
  for (const char* text : {"", "a", "host:80", "ftp://host/", "http:/a", "http:///a", "?a=b"}) {
    CAPTURE(text);
    CHECK_FALSE(refusal(text).detail.empty());
  }
}

TEST_CASE("http: a fragment is refused") {
  refusal("/a#b");
  refusal("/a?b=c#d");
}

TEST_CASE("http: a bad percent escape is named, with its parameter") {
  CHECK(refusal("/a%zz").detail == "bad percent escape '%zz'");
  CHECK(refusal("/a%4").detail == "bad percent escape '%4'");
  CHECK(refusal("/a%").detail == "bad percent escape '%'");
  CHECK(refusal("/?topic=%g0").detail == "bad percent escape '%g0'");
  CHECK(refusal("/?topic=%g0").field == "topic");
  CHECK(refusal("/?%0x=a").detail == "bad percent escape '%0x'");
}

TEST_CASE("http: percent decoding takes both cases, NUL and any byte, and leaves plus") {
  const auto decoded = percent_decode("%2f%2F%00%ff+%41");
  REQUIRE(decoded);
  CHECK(*decoded == std::string("//\0\xff+A", 6));
  CHECK_FALSE(percent_decode("a%4g"));
}

TEST_CASE("http: the first parameter of a name is found") {
  const Target target = parsed("/?a=1&b=2&a=3&c=");
  CHECK(target.parameter("a") == "1");
  CHECK(target.parameter("c") == "");
  CHECK_FALSE(target.parameter("A").has_value());
}

}  // namespace
}  // namespace ringcast::http::http_target_test
