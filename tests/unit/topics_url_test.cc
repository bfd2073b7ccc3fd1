#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "topics/url.h"

namespace ringcast::topics::topics_url_test {
namespace {

// All parts, a bar between each.
std::string parts_of(const std::optional<Url>& url) {
  if (!url) {
    return "none";
  }
  return url->scheme + "|" + url->username + "|" + url->password + "|" + url->host.value_or("-") +
         "|" + url->port + "|" + url->path + "|" + url->query + "|" + url->fragment;
}

std::string parse(const std::string& text) {
  return parts_of(parse_url(text));
}

std::string resolve(const std::string& text, const std::string& base) {
  const auto url = parse_url(base);
  REQUIRE(url);
  return parts_of(parse_url(text, &*url));
}

TEST_CASE("topics: a URL is taken apart") {
  CHECK(parse("https://me:secret@example.com:8080/a/b?c=d#e") ==
        "https|me|secret|example.com|8080|/a/b|c=d|e");
  CHECK(parse("https://example.com") == "https|||example.com||/||");
  CHECK(parse("foo://example.com") == "foo|||example.com||||");
  CHECK(parse("urn:isbn:1?a#b") == "urn|||-||isbn:1|a|b");
  CHECK(parse("foo:/a/b") == "foo|||-||/a/b||");
  CHECK(parse("https://a@b@c:d@example.com/") == "https|a%40b%40c|d|example.com||/||");
}

TEST_CASE("topics: a URL needs a scheme, and most of them a host") {
  for (const char* text : {"", "a", "/a", "//example.com/", "1a://b/", ":a", "https:", "https://",
                           "https:///", "https://:80/", "https://a@/", "foo://:80/", "é://a/"}) {
    CAPTURE(text);
    CHECK(parse(text) == "none");
  }
}

TEST_CASE("topics: schemes and hosts are in lower case") {
  CHECK(parse("HTTPS://EXAMPLE.com/A") == "https|||example.com||/A||");
}

TEST_CASE("topics: the scheme's own port is none") {
  CHECK(parse("https://a:443/") == "https|||a||/||");
  CHECK(parse("http://a:00080/") == "http|||a||/||");
  CHECK(parse("http://a:/") == "http|||a||/||");
  CHECK(parse("http://a:65535/") == "http|||a|65535|/||");
  CHECK(parse("http://a:65536/") == "none");
  CHECK(parse("http://a:8x/") == "none");
  CHECK(parse("http://a:-1/") == "none");
}

TEST_CASE("topics: dot segments of a URL are resolved") {
  CHECK(parse("https://a/b/../c/./d") == "https|||a||/c/d||");
  CHECK(parse("https://a/b/%2e%2E/c/%2e") == "https|||a||/c/||");
  CHECK(parse("https://a/../..") == "https|||a||/||");
  CHECK(parse("https://a/b/..") == "https|||a||/||");
  CHECK(parse("https://a//b") == "https|||a||//b||");
  CHECK(parse("https://a/...") == "https|||a||/...||");
  CHECK(parse("foo://a/b/../c") == "foo|||a||/c||");
}

TEST_CASE("topics: a backslash is a slash where the scheme is special") {
  CHECK(parse("https:\\\\a\\b") == "https|||a||/b||");
  CHECK(parse("foo://a/b\\c") == "foo|||a||/b\\c||");
}

TEST_CASE("topics: what may not stand in a part of a URL is percent-encoded") {
  CHECK(parse("https://a/ \"<>`{}^é?\" '<>#\"<> `") ==
        "https|||a||/%20%22%3C%3E%60%7B%7D%5E%C3%A9|%22%20%27%3C%3E|%22%3C%3E%20%60");
  CHECK(parse("foo://a/?'") == "foo|||a||/|'|");
  CHECK(parse("https://u|@a/%zz%4") == "https|u%7C||a||/%zz%4||");
}

TEST_CASE("topics: blanks around a URL and line ends in it are taken out") {
  CHECK(parse(" \thttps://a/b\n ") == "https|||a||/b||");
  CHECK(parse("ht\ntps://a/\tb") == "https|||a||/b||");
}

TEST_CASE("topics: hosts that look like IPv4 addresses are") {
  CHECK(parse("http://127.1/") == "http|||127.0.0.1||/||");
  CHECK(parse("http://0x7F.0.0.010/") == "http|||127.0.0.8||/||");
  CHECK(parse("http://4294967295/") == "http|||255.255.255.255||/||");
  CHECK(parse("http://1.2.3.4./") == "http|||1.2.3.4||/||");
  for (const char* host : {"4294967296", "256.0.0.1", "1.2.3.4.5", "1.2.3.256", "08", "a.1", "1..2",
                           "0xg.1", "1.65536.1"}) {
    CAPTURE(host);
    CHECK(parse("http://" + std::string(host) + "/") == "none");
  }
}

TEST_CASE("topics: IPv6 hosts are in their short form") {
  CHECK(parse("http://[::]/") == "http|||[::]||/||");
  CHECK(parse("http://[0:0:0:0:0:0:0:1]/") == "http|||[::1]||/||");
  CHECK(parse("http://[1:0:0:2:0:0:0:3]/") == "http|||[1:0:0:2::3]||/||");
  CHECK(parse("http://[1:0:2:3:4:5:6:7]/") == "http|||[1:0:2:3:4:5:6:7]||/||");
  CHECK(parse("http://[2001:DB8::A]:81/") == "http|||[2001:db8::a]|81|/||");
  CHECK(parse("http://[::ffff:1.2.3.4]/") == "http|||[::ffff:102:304]||/||");
  CHECK(parse("http://[1:2:3:4:5:6:7::]/") == "http|||[1:2:3:4:5:6:7:0]||/||");
  CHECK(parse("foo://[::1]/") == "foo|||[::1]||/||");
  for (const char* host :
       {"[]", "[:]", "[:::]", "[1:2:3:4:5:6:7]", "[1:2:3:4:5:6:7:8:9]", "[1::2::3]", "[12345::]",
        "[::1", "::1]", "[::g]", "[::1.2.3]", "[::1.2.3.256]", "[::01.2.3.4]", "[1.2.3.4::]",
        "[1:2:3:4:5:6:7:1.2.3.4]", "[1:2:3:4:5:6:7:8::]", "[:1:2:3:4:5:6:7]", "[::1%25eth0]"}) {
    CAPTURE(host);
    CHECK(parse("http://" + std::string(host) + "/") == "none");
  }
}

TEST_CASE("topics: a host is percent-decoded, and must then be one") {
  CHECK(parse("https://ex%41mple.com/") == "https|||example.com||/||");
  CHECK(parse("foo://ex%41mple.com/") == "foo|||ex%41mple.com||/||");
  for (const char* host : {"a b", "a%20b", "a%2Fb", "a%00b", "a<b", "a|b", "a^b", "%", "a%zz"}) {
    CAPTURE(host);
    CHECK(parse("https://" + std::string(host) + "/") == "none");
  }
  CHECK(parse("foo://é/") == "foo|||%C3%A9||/||");
}

TEST_CASE("topics: a host beyond ASCII is none where the scheme is special") {
  CHECK(parse("https://café.example/") == "none");
  CHECK(parse("https://%C3%A9/") == "none");
}

TEST_CASE("topics: a file URL has a path, and a host that is not this one") {
  CHECK(parse("file:///a/b") == "file|||||/a/b||");
  CHECK(parse("file:a") == "file|||||/a||");
  CHECK(parse("file:/a") == "file|||||/a||");
  CHECK(parse("file://localhost/a") == "file|||||/a||");
  CHECK(parse("file://host/a") == "file|||host||/a||");
  CHECK(parse("file://ho st/a") == "none");
}

TEST_CASE("topics: a relative URL is resolved against its base") {
  const std::string base = "https://u:p@h:81/a/b?c#d";
  CHECK(resolve("x", base) == "https|u|p|h|81|/a/x||");
  CHECK(resolve("/x", base) == "https|u|p|h|81|/x||");
  CHECK(resolve("../x", base) == "https|u|p|h|81|/x||");
  CHECK(resolve("", base) == "https|u|p|h|81|/a/b|c|");
  CHECK(resolve("?x", base) == "https|u|p|h|81|/a/b|x|");
  CHECK(resolve("#x", base) == "https|u|p|h|81|/a/b|c|x");
  CHECK(resolve("//x/y", base) == "https|||x||/y||");
  CHECK(resolve("\\\\x", base) == "https|||x||/||");
  CHECK(resolve("https:x", base) == "https|u|p|h|81|/a/x||");
  CHECK(resolve("http:x", base) == "http|||x||/||");
  CHECK(resolve("https://x", base) == "https|||x||/||");
  CHECK(resolve("foo:x", base) == "foo|||-||x||");
  CHECK(resolve("x", "foo://h/a/b") == "foo|||h||/a/x||");
  CHECK(resolve("//x/y", "foo://h/a/b") == "foo|||x||/y||");
  CHECK(resolve("x", "file:///a/b") == "file|||||/a/x||");
  CHECK(resolve("file:x", "file:///a/b") == "file|||||/a/x||");
}

TEST_CASE("topics: only a fragment is relative to an opaque path") {
  CHECK(resolve("#x", "urn:a:b") == "urn|||-||a:b||x");
  CHECK(resolve("x", "urn:a:b") == "none");
  CHECK(resolve("", "urn:a:b") == "none");
}

TEST_CASE("topics: a blank at the end of an opaque path is percent-encoded") {
  CHECK(parse("urn:a b ?c") == "urn|||-||a b%20|c|");
}

}  // namespace
}  // namespace ringcast::topics::topics_url_test
