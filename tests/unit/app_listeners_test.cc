#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "app/listeners.h"

namespace ringcast::app::app_listeners_test {
namespace {

using Matched = std::vector<std::vector<size_t>>;

net::Address address(const std::string& text) {
  auto parsed = net::parse_address(text);
  REQUIRE_MESSAGE(parsed, parsed.error().detail);
  return *parsed;
}

config::Listen at(const std::string& text) {
  return {.address = address(text)};
}

config::Listen named(const std::string& name) {
  return {.address = {}, .systemd = name};
}

PassedPlace passed(const std::string& name, const std::string& text) {
  return {.name = name, .address = address(text)};
}

PassedPlace stored(const std::string& text) {
  return {.name = "ringcastd-listener", .address = address(text), .is_stored = true};
}

Matched matched(const std::vector<config::Listen>& listen, const std::vector<PassedPlace>& places) {
  auto result = match_places(listen, places);
  REQUIRE_MESSAGE(result, result.error().detail);
  return *result;
}

std::string error_of(const std::vector<config::Listen>& listen,
                     const std::vector<PassedPlace>& places) {
  const auto result = match_places(listen, places);
  return result ? "no error" : result.error().detail;
}

TEST_CASE("app: without systemd every entry of listen is opened") {
  CHECK(matched({at("127.0.0.1:80"), at("unix:/a")}, {}) == Matched{{}, {}});
}

TEST_CASE("app: a passed socket belongs to the entry with its address") {
  CHECK(matched({at("127.0.0.1:80"), at("unix:/a"), at("[::1]:80")},
                {passed("x", "[::1]:80"), passed("x", "unix:/a")}) == Matched{{}, {1}, {0}});
}

TEST_CASE("app: an entry with a name takes all sockets of that name") {
  CHECK(matched({named("web")}, {passed("web", "127.0.0.1:80"), passed("web", "unix:/a")}) ==
        Matched{{0, 1}});
}

TEST_CASE("app: an address goes before a name") {
  CHECK(matched({named("web"), at("127.0.0.1:80")},
                {passed("web", "127.0.0.1:80"), passed("web", "127.0.0.1:81")}) ==
        Matched{{1}, {0}});
}

TEST_CASE("app: a socket that no entry takes is an error that names it") {
  CHECK(error_of({at("127.0.0.1:80")}, {passed("web", "127.0.0.1:81")}) ==
        "systemd has passed 127.0.0.1:81 (web), which is not in `listen`: add it there, or take it "
        "out of the .socket unit");
  CHECK(error_of({at("0.0.0.0:80")}, {passed("web", "127.0.0.1:80")}) != "no error");
  CHECK(error_of({at("127.0.0.1:80")},
                 {passed("web", "127.0.0.1:80"), passed("web", "127.0.0.1:80")}) != "no error");
}

TEST_CASE("app: a name that no socket has is an error that names what there is") {
  CHECK(error_of({at("127.0.0.1:80"), named("web")}, {passed("api", "127.0.0.1:81")}) ==
        "listen[1]: systemd has passed no socket named \"web\", but 127.0.0.1:81 (api)");
  CHECK(error_of({named("web")}, {}) ==
        "listen[0]: systemd has passed no socket named \"web\": start its .socket unit, which has "
        "this FileDescriptorName=");
}

TEST_CASE("app: a stored socket is taken by its address, and left when there is no such entry") {
  CHECK(matched({at("127.0.0.1:80")}, {stored("127.0.0.1:80")}) == Matched{{0}});
  CHECK(matched({at("127.0.0.1:80")}, {stored("127.0.0.1:81")}) == Matched{{}});
  CHECK(error_of({named("ringcastd-listener")}, {stored("127.0.0.1:80")}) != "no error");
}

}  // namespace
}  // namespace ringcast::app::app_listeners_test
