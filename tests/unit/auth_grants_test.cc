#include <doctest/doctest.h>

#include <string>

#include "auth/grants.h"

namespace ringcast::auth::auth_grants_test {
namespace {

Grants may_read(const std::string& pattern) {
  return {.publish = {}, .subscribe = {pattern}, .admin = {}};
}

Grants may_write(const std::string& pattern) {
  return {.publish = {pattern}, .subscribe = {}, .admin = {}};
}

TEST_CASE("auth: nothing is granted by default") {
  const Grants none;
  CHECK_FALSE(none.may_publish("a"));
  CHECK_FALSE(none.may_subscribe("a"));
  CHECK_FALSE(none.may_admin("metrics"));
}

TEST_CASE("auth: a publisher may publish to what a granted pattern matches") {
  const Grants grants{.publish = {"ci/**", "orders/*"}, .subscribe = {}, .admin = {}};
  CHECK(grants.may_publish("ci"));
  CHECK(grants.may_publish("ci/a/b"));
  CHECK(grants.may_publish("orders/1"));
  CHECK_FALSE(grants.may_publish("orders"));
  CHECK_FALSE(grants.may_publish("orders/1/2"));
  CHECK_FALSE(grants.may_subscribe("ci"));
}

TEST_CASE("auth: nobody may publish to the broker's names") {
  CHECK_FALSE(may_write("**").may_publish("$sys/a"));
  CHECK_FALSE(may_write("$sys/**").may_publish("$sys/a"));
  CHECK_FALSE(may_write("$sys/a").may_publish("$sys/a"));
  CHECK_FALSE(Grants::everything().may_publish("$sys/a"));
}

TEST_CASE("auth: two stars granted cover every pattern below") {
  const Grants grants = may_read("a/**");
  for (const auto* pattern : {"a", "a/", "a/x", "a/*", "a/*/b", "a/x/y/z", "a/**", "a/x/**"}) {
    CAPTURE(pattern);
    CHECK(grants.may_subscribe(pattern));
  }
  for (const auto* pattern : {"b", "*", "**", "*/x", "ab", "/a"}) {
    CAPTURE(pattern);
    CHECK_FALSE(grants.may_subscribe(pattern));
  }
}

TEST_CASE("auth: one star granted covers one segment") {
  const Grants grants = may_read("a/*");
  CHECK(grants.may_subscribe("a/*"));
  CHECK(grants.may_subscribe("a/x"));
  CHECK(grants.may_subscribe("a/"));
  CHECK_FALSE(grants.may_subscribe("a/**"));
  CHECK_FALSE(grants.may_subscribe("a"));
  CHECK_FALSE(grants.may_subscribe("a/x/y"));
  CHECK_FALSE(grants.may_subscribe("*/x"));
}

TEST_CASE("auth: a single topic granted covers no wildcard") {
  CHECK(may_read("a/b").may_subscribe("a/b"));
  CHECK_FALSE(may_read("a/b").may_subscribe("a/*"));
  CHECK_FALSE(may_read("a/b").may_subscribe("a/**"));
  CHECK_FALSE(may_read("a/b").may_subscribe("*/b"));
}

TEST_CASE("auth: a subscription is covered by one granted pattern as a whole") {
  const Grants grants{.publish = {}, .subscribe = {"a", "a/*", "a/*/**"}, .admin = {}};
  CHECK(grants.may_subscribe("a"));
  CHECK(grants.may_subscribe("a/x/y"));
  // Together they match the same topics, but no single one does.
  CHECK_FALSE(grants.may_subscribe("a/**"));
}

TEST_CASE("auth: the broker's names are granted only by name") {
  for (const auto* granted : {"**", "*", "*/**", "*/a"}) {
    CAPTURE(granted);
    CHECK_FALSE(may_read(granted).may_subscribe("$sys"));
    CHECK_FALSE(may_read(granted).may_subscribe("$sys/a"));
    CHECK_FALSE(may_read(granted).may_subscribe("$sys/**"));
  }
  CHECK(may_read("$sys/**").may_subscribe("$sys/**"));
  CHECK(may_read("$sys/**").may_subscribe("$sys/a"));
  CHECK_FALSE(may_read("$sys/*").may_subscribe("$sys/**"));
}

TEST_CASE("auth: admin routes are granted one by one") {
  const Grants grants{.publish = {}, .subscribe = {}, .admin = {"metrics"}};
  CHECK(grants.may_admin("metrics"));
  CHECK_FALSE(grants.may_admin("delete"));
  CHECK_FALSE(grants.may_admin(""));
}

TEST_CASE("auth: everything is all topics, the broker's names to read, and all admin routes") {
  const Grants all = Grants::everything();
  CHECK(all.may_publish("a/b"));
  CHECK(all.may_subscribe("a"));
  CHECK(all.may_subscribe("*/b"));
  CHECK(all.may_subscribe("**"));
  CHECK(all.may_subscribe("$sys/**"));
  CHECK(all.may_subscribe("$sys/clients"));
  for (const auto* route : {"metrics", "topics", "history", "delete"}) {
    CHECK(all.may_admin(route));
  }
}

TEST_CASE("auth: anonymous requests have everything on local listeners only by default") {
  const Options options;
  CHECK(options.anonymous_on(true) == Grants::everything());
  CHECK(options.anonymous_on(false) == Grants{});
}

TEST_CASE("auth: anonymous requests have nothing when tokens are asked for") {
  const Options options{.anonymous = Options::Anonymous::kNone, .grants = may_read("**")};
  CHECK(options.anonymous_on(true) == Grants{});
  CHECK(options.anonymous_on(false) == Grants{});
}

TEST_CASE("auth: anonymous grants hold on every listener") {
  const Options options{.anonymous = Options::Anonymous::kGrants, .grants = may_read("pub/**")};
  CHECK(options.anonymous_on(true) == may_read("pub/**"));
  CHECK(options.anonymous_on(false) == may_read("pub/**"));
}

}  // namespace
}  // namespace ringcast::auth::auth_grants_test
