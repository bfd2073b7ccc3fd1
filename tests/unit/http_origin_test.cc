#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "http/origin.h"

namespace ringcast::http::http_origin_test {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

const std::vector<std::string> kNone;

Request request(const Lines& headers, Method method = Method::kGet) {
  Request made;
  made.method = method;
  for (const auto& [name, value] : headers) {
    made.headers.emplace_back(name, value);
  }
  return made;
}

std::string why(const Status& status, Errc expected = Errc::kForbidden) {
  if (status) {
    return "";
  }
  CHECK(status.error().code == expected);
  return status.error().detail;
}

std::string host_error(const std::string& host, const std::vector<std::string>& hosts = {}) {
  return why(check_host(request({{"Host", host}}), hosts));
}

// Of a request to http://localhost:8080.
std::string origin_error(const std::string& origin, const std::vector<std::string>& origins = {}) {
  return why(
      check_origin(request({{"Host", "localhost:8080"}, {"Origin", origin}}), "http", origins));
}

TEST_CASE("http: an authority is a name or an address, with a port or without") {
  const auto is = [](const char* text, const char* name, std::optional<uint16_t> port) {
    const auto authority = parse_authority(text);
    CAPTURE(text);
    REQUIRE(authority);
    CHECK(*authority == Authority{.name = name, .port = port});
  };
  is("localhost", "localhost", std::nullopt);
  is("Broker.Example:8080", "broker.example", 8080);
  is("broker.example:", "broker.example", std::nullopt);
  is("a_b-c.example.:0", "a_b-c.example.", 0);
  is("192.0.2.1:65535", "192.0.2.1", 65535);
  is("[2001:DB8::1]", "[2001:db8::1]", std::nullopt);
  is("[::1]:80", "[::1]", 80);
  is("[::ffff:192.0.2.1]:80", "[::ffff:192.0.2.1]", 80);
}

TEST_CASE("http: what is in no authority is refused") {
  for (const char* text :
       {"", ":80", "a b", "a/b", "u@a", "a,b", "*.a", "a?b", "a%2Fb", "\xC3\xA4", "::1", "[]",
        "[1]", "[::1", "[::1]x", "[::1]x:80", "[fe80::1%25lo]", "a\nb", "http://a"}) {
    CAPTURE(text);
    CHECK(why(parse_authority(text) ? Status(Ok{}) : Status(Failure{parse_authority(text).error()}),
              Errc::kInvalid) != "");
  }
  for (const char* text : {"a:65536", "a:-1", "a:80a", "a:80:80", "a: 80", "[::1]:x"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_authority(text));
    CHECK(parse_authority(text).error().detail ==
          "Host " + std::string(text) + ": the port must be a number from 0 to 65535");
    CHECK(parse_authority(text).error().field == "host");
  }
}

TEST_CASE("http: only names that cannot mean another machine are loopback's") {
  for (const char* name : {"localhost", "app.localhost", "a.b.localhost", "localhost.", "127.0.0.1",
                           "127.255.255.255", "127.0.0.1.", "[::1]"}) {
    CAPTURE(name);
    CHECK(is_loopback_name(name));
  }
  for (const char* name : {"",
                           ".",
                           "localhost.example",
                           "notlocalhost",
                           ".localhost",
                           "127.0.0.1.evil.example",
                           "127.evil.example",
                           "127.0.0",
                           "127.0.0.0.1",
                           "127.0.0.256",
                           "127.0.0.01",
                           "127.1",
                           "126.0.0.1",
                           "128.0.0.1",
                           "0.0.0.0",
                           "0127.0.0.1",
                           "2130706433",
                           "::1",
                           "[::2]",
                           "[::]",
                           "[::ffff:127.0.0.1]",
                           "127.0.0.",
                           "127..0.1",
                           "localhost.."}) {
    CAPTURE(name);
    CHECK_FALSE(is_loopback_name(name));
  }
}

TEST_CASE("http: Host has to be of loopback or listed") {
  for (const char* host :
       {"localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080", "app.localhost:1"}) {
    CAPTURE(host);
    CHECK(host_error(host) == "");
  }
  CHECK(host_error("evil.example:8080") ==
        "Host evil.example is not a loopback name; list it in `hosts`");
  const std::vector<std::string> hosts = {"broker.internal", "10.0.0.7"};
  CHECK(host_error("Broker.Internal:8080", hosts) == "");
  CHECK(host_error("10.0.0.7", hosts) == "");
  CHECK(host_error("localhost", hosts) == "");
  CHECK(host_error("x.broker.internal", hosts) ==
        "Host x.broker.internal is not a loopback name; list it in `hosts`");
}

TEST_CASE("http: a malformed Host is an error of its own") {
  CHECK(why(check_host(request({{"Host", "a b"}}), kNone), Errc::kInvalid) ==
        "Host a b: not a host name, an IPv4 address or an IPv6 address in brackets");
}

TEST_CASE("http: a request without Host is none of a browser") {
  CHECK(why(check_host(request({}), kNone)) == "");
  CHECK(host_error("") == "");
}

TEST_CASE("http: pages of our own origin are not foreign") {
  CHECK(origin_error("http://localhost:8080") == "");
  CHECK(origin_error("HTTP://LOCALHOST:8080") == "");
  const auto own = [](const char* host, const char* origin, const char* scheme) {
    return why(check_origin(request({{"Host", host}, {"Origin", origin}}), scheme, kNone));
  };
  CHECK(own("localhost", "http://localhost", "http") == "");
  CHECK(own("localhost:80", "http://localhost", "http") == "");
  CHECK(own("localhost:443", "https://localhost", "https") == "");
  CHECK(own("[::1]:8080", "http://[::1]:8080", "http") == "");
  CHECK(own("localhost", "http://localhost:443", "https") != "");
  CHECK(own("localhost:443", "http://localhost", "http") != "");
}

TEST_CASE("http: another scheme, name or port is another origin") {
  for (const char* origin :
       {"https://evil.example", "https://localhost:8080", "http://localhost",
        "http://localhost:8081", "http://127.0.0.1:8080", "http://localhost.evil.example:8080",
        "http://localhost:8080/", "http://localhost:8080.evil.example", "localhost:8080", "null",
        "", "http://", "http://localhost:8080, http://localhost:8080", "*"}) {
    CAPTURE(origin);
    CHECK(origin_error(origin) ==
          "Origin " + std::string(origin) + " is not listed in cors.origins");
  }
}

TEST_CASE("http: origins that are listed are not foreign") {
  const std::vector<std::string> origins = {"https://app.example", "http://localhost:3000"};
  CHECK(origin_error("https://app.example", origins) == "");
  CHECK(origin_error("http://localhost:3000", origins) == "");
  CHECK(origin_error("http://localhost:8080", origins) == "");
  CHECK(origin_error("https://app.example.evil.example", origins) != "");
  CHECK(origin_error("null", origins) == "Origin null is not listed in cors.origins");
}

TEST_CASE("http: with any origin allowed, none is foreign") {
  CHECK(origin_error("https://evil.example", {"*"}) == "");
  CHECK(origin_error("null", {"*"}) == "");
  CHECK(why(check_origin(request({{"Sec-Fetch-Site", "cross-site"}}), "http", {"*"})) == "");
}

TEST_CASE("http: each Origin of a request is looked at") {
  const Lines two = {
      {"Host", "localhost"}, {"Origin", "http://localhost"}, {"origin", "https://evil.example"}};
  CHECK(why(check_origin(request(two), "http", kNone)) ==
        "Origin https://evil.example is not listed in cors.origins");
}

TEST_CASE("http: what another site embeds is foreign, although it has no Origin") {
  const auto error = [](const Lines& headers) {
    const Status status = check_origin(request(headers), "http", {"https://app.example"});
    return status ? "" : status.error().field;
  };
  CHECK(error({{"Sec-Fetch-Site", "cross-site"}}) == "sec-fetch-site");
  CHECK(error({{"Sec-Fetch-Site", "cross-site"},
               {"Sec-Fetch-Mode", "no-cors"},
               {"Sec-Fetch-Dest", "image"}}) == "sec-fetch-site");
  CHECK(error({{"Sec-Fetch-Site", "cross-site"},
               {"Sec-Fetch-Mode", "navigate"},
               {"Sec-Fetch-Dest", "iframe"}}) == "sec-fetch-site");
  for (const char* site : {"same-origin", "same-site", "none"}) {
    CAPTURE(site);
    CHECK(error({{"Sec-Fetch-Site", site}}) == "");
  }
  CHECK(error({}) == "");
}

TEST_CASE("http: a link to us may be followed, but not posted to") {
  const Lines link = {{"Sec-Fetch-Site", "cross-site"},
                      {"Sec-Fetch-Mode", "navigate"},
                      {"Sec-Fetch-Dest", "document"}};
  CHECK(why(check_origin(request(link), "http", kNone)) == "");
  CHECK(why(check_origin(request(link, Method::kPost), "http", kNone)) != "");
}

TEST_CASE("http: a listed origin from another site is not foreign") {
  const Lines headers = {
      {"Host", "localhost"}, {"Origin", "https://app.example"}, {"Sec-Fetch-Site", "cross-site"}};
  CHECK(why(check_origin(request(headers), "http", {"https://app.example"})) == "");
}

TEST_CASE("http: a source needs a good Host and a good Origin") {
  const auto error = [](const char* host, const char* origin) {
    return why(check_source(request({{"Host", host}, {"Origin", origin}}), "http",
                            {.origins = kNone, .hosts = kNone}));
  };
  CHECK(error("localhost", "http://localhost") == "");
  CHECK(error("localhost", "https://evil.example") ==
        "Origin https://evil.example is not listed in cors.origins");
  // DNS rebinding: the page is of the same origin, by a name that is not ours.
  CHECK(error("evil.example", "http://evil.example") ==
        "Host evil.example is not a loopback name; list it in `hosts`");
}

TEST_CASE("http: messages show what was sent without control characters, and not all of it") {
  CHECK(origin_error("a\x1B[31m\xFF") == "Origin a?[31m? is not listed in cors.origins");
  CHECK(origin_error(std::string(201, 'a')) ==
        "Origin " + std::string(200, 'a') + "... is not listed in cors.origins");
  CHECK(origin_error(std::string(200, 'a')) ==
        "Origin " + std::string(200, 'a') + " is not listed in cors.origins");
}

}  // namespace
}  // namespace ringcast::http::http_origin_test
