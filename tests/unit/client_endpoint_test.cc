#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "cpp/src/endpoint.h"
#include "ringcast/client.h"

namespace ringcast::client::client_endpoint_test {

TEST_CASE("client: an http URL is kept without the slashes at its end") {
  const auto endpoint = parse_endpoint("http://example.org:81/prefix//");
  REQUIRE(endpoint);
  CHECK(endpoint->base_url == "http://example.org:81/prefix");
  CHECK(endpoint->unix_path.empty());
  CHECK_FALSE(endpoint->is_local);
}

TEST_CASE("client: a unix socket is local") {
  const auto endpoint = parse_endpoint("unix:/run/ringcast.sock");
  REQUIRE(endpoint);
  CHECK(endpoint->unix_path == "/run/ringcast.sock");
  CHECK(endpoint->is_local);
}

TEST_CASE("client: loopback addresses are local, look-alikes are not") {
  for (const std::string_view local :
       {"http://127.0.0.1:8080", "http://127.9.9.9", "HTTPS://LocalHost/x", "http://[::1]:8080",
        "http://[::1]"}) {
    const auto endpoint = parse_endpoint(local);
    REQUIRE_MESSAGE(endpoint, local);
    CHECK_MESSAGE(endpoint->is_local, local);
  }
  for (const std::string_view remote : {"http://127.evil.example", "http://localhost.example",
                                        "http://[::2]:8080", "http://10.0.0.1"}) {
    const auto endpoint = parse_endpoint(remote);
    REQUIRE_MESSAGE(endpoint, remote);
    CHECK_FALSE_MESSAGE(endpoint->is_local, remote);
  }
}

TEST_CASE("client: a URL of another form is refused") {
  for (const std::string_view wrong :
       {"", "127.0.0.1:8080", "ftp://x", "http://", "http:///path", "http://:80", "unix:relative",
        "unix:", "http://x/?a=b", "http://x/#a"}) {
    const auto endpoint = parse_endpoint(wrong);
    REQUIRE_FALSE_MESSAGE(endpoint, wrong);
    CHECK(endpoint.error().code == Errc::kInvalid);
  }
}

TEST_CASE("client: credentials in a URL are refused and not repeated") {
  const auto endpoint = parse_endpoint("http://name:secret@x/");
  REQUIRE_FALSE(endpoint);
  CHECK(endpoint.error().message.find("secret") == std::string::npos);
}

TEST_CASE("client: only unreserved characters stay in a query") {
  CHECK(percent_encode("aZ09-._~") == "aZ09-._~");
  CHECK(percent_encode("a b+&=/*%\xC3\xA4") == "a%20b%2B%26%3D%2F%2A%25%C3%A4");
  Query query;
  CHECK(query.text().empty());
  query.add("topic", "a/b");
  query.add("topic", "c");
  CHECK(query.text() == "?topic=a%2Fb&topic=c");
}

TEST_CASE("client: a topic's slashes are plain unless something could rewrite them") {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kPaths{{
      {"a", "/topics/a"},
      {"a/b", "/topics/a/b"},
      {"a/...", "/topics/a/..."},
      {"a//b", "/topics/a%2F%2Fb"},
      {"/a", "/topics/%2Fa"},
      {"a/", "/topics/a%2F"},
      {"a/../b", "/topics/a%2F..%2Fb"},
      {"a/.", "/topics/a%2F."},
      {"https://x/y", "/topics/https%3A%2F%2Fx%2Fy"},
  }};
  for (const auto& [topic, path] : kPaths) {
    CHECK(topic_path(topic) == path);
  }
}

}  // namespace ringcast::client::client_endpoint_test
