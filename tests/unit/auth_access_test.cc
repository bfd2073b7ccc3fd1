#include <doctest/doctest.h>

#include "auth/access.h"

namespace ringcast::auth::auth_access_test {
namespace {

const Identity kNobody{.name = {},
                       .grants = {.publish = {"pub/**"}, .subscribe = {"pub/**"}, .admin = {}}};
const Identity kCi{
    .name = "ci",
    .grants = {.publish = {"ci/**", "b"}, .subscribe = {"ci/*"}, .admin = {"metrics"}}};

std::string refusal(const Status& status, Errc code) {
  REQUIRE_FALSE(status);
  CHECK(status.error().code == code);
  return status.error().detail;
}

TEST_CASE("auth: what is granted is allowed, to anybody and to a token") {
  CHECK(check_publish(kNobody, "pub/a"));
  CHECK(check_subscribe(kNobody, "pub/*"));
  CHECK(check_publish(kCi, "ci/a/b"));
  CHECK(check_subscribe(kCi, "ci/*"));
  CHECK(check_admin(kCi, "metrics"));
}

TEST_CASE("auth: without credentials the answer is to show some") {
  CHECK(refusal(check_publish(kNobody, "a"), Errc::kUnauthorized) ==
        "publishing to a is not granted without credentials");
  CHECK(refusal(check_subscribe(kNobody, "**"), Errc::kUnauthorized) ==
        "subscribing to ** is not granted without credentials");
  CHECK(refusal(check_admin(kNobody, "metrics"), Errc::kUnauthorized) ==
        "metrics is not granted without credentials");
}

TEST_CASE("auth: a token without the grant is told what it may do") {
  CHECK(refusal(check_publish(kCi, "a"), Errc::kForbidden) ==
        "ci may not publish to a; granted there: ci/**, b");
  CHECK(refusal(check_subscribe(kCi, "ci/**"), Errc::kForbidden) ==
        "ci may not subscribe to ci/**; granted there: ci/*");
  CHECK(refusal(check_admin(kCi, "delete"), Errc::kForbidden) ==
        "ci may not use delete; granted there: metrics");
  CHECK(check_publish(kCi, "a").error().field == "topic");
}

TEST_CASE("auth: a long list of grants is cut short, an empty one said") {
  Identity many{
      .name = "m",
      .grants = {.publish = std::vector<std::string>(11, "x"), .subscribe = {}, .admin = {}}};
  CHECK(refusal(check_publish(many, "a"), Errc::kForbidden) ==
        "m may not publish to a; granted there: x, x, x, x, x, x, x, x, x, x, ...");
  CHECK(refusal(check_subscribe(many, "a"), Errc::kForbidden) ==
        "m may not subscribe to a; granted there: nothing");
}

}  // namespace
}  // namespace ringcast::auth::auth_access_test
