#include <doctest/doctest.h>

#include <string>

#include "auth/claims.h"

namespace ringcast::auth::auth_claims_test {
namespace {

constexpr int64_t kNow = 1'795'255'200'000;  // 2026-11-21T10:00:00Z

std::string error_of(const std::string& payload, const JwtOptions& options = {},
                     int64_t now_unix_ms = kNow) {
  const auto claims = read_claims(payload, options.claim);
  const Status status = claims ? check_claims(*claims, options, now_unix_ms)
                               : fail(claims.error().code, claims.error().detail);
  if (status) {
    return "accepted";
  }
  CHECK(status.error().code == Errc::kUnauthorized);
  return status.error().detail;
}

Grants grants_of(const std::string& payload, const std::string& claim = "ringcast") {
  const auto claims = read_claims(payload, claim);
  REQUIRE_MESSAGE(claims, claims.error().detail);
  return claims->grants;
}

TEST_CASE("auth: a token ends at exp, to the millisecond") {
  CHECK(error_of(R"({"exp":1795255201})") == "accepted");
  CHECK(error_of(R"({"exp":1795255200})") == "the token expired at 2026-11-21T10:00:00Z");
  CHECK(error_of(R"({"exp":1795255200.001})") == "accepted");
  CHECK(error_of(R"({"exp":1.7952552e9})") == "the token expired at 2026-11-21T10:00:00Z");
  CHECK(error_of(R"({"exp":0})") == "the token expired at 1970-01-01T00:00:00Z");
}

TEST_CASE("auth: a token without exp never ends") {
  CHECK(error_of("{}") == "accepted");
}

TEST_CASE("auth: a token begins at nbf") {
  CHECK(error_of(R"({"nbf":1795255200})") == "accepted");
  CHECK(error_of(R"({"nbf":1795255201})") == "not yet valid: nbf is 2026-11-21T10:00:01Z");
}

TEST_CASE("auth: leeway moves both ends of a token outwards") {
  const JwtOptions options{.leeway_ms = 5'000};
  CHECK(error_of(R"({"exp":1795255196})", options) == "accepted");
  CHECK(error_of(R"({"exp":1795255195})", options) == "the token expired at 2026-11-21T09:59:55Z");
  CHECK(error_of(R"({"nbf":1795255205})", options) == "accepted");
  CHECK(error_of(R"({"nbf":1795255206})", options) == "not yet valid: nbf is 2026-11-21T10:00:06Z");
}

TEST_CASE("auth: times that are no times are refused") {
  const std::string why = "the token's claims: exp: must be ";
  for (const char* text : {R"("1795255201")", "null", "true", "[1]", "{}"}) {
    CAPTURE(text);
    CHECK(error_of(R"({"exp":)" + std::string(text) + "}") == why + "a number of seconds");
  }
  for (const char* text : {"-1", "1e300", "1e999", "253402300800", "99999999999999999999999"}) {
    CAPTURE(text);
    CHECK(error_of(R"({"exp":)" + std::string(text) + "}") ==
          why + "seconds since 1970, before the year 10000");
  }
  CHECK(error_of(R"({"exp":253402300799})") == "accepted");
  CHECK(error_of(R"({"nbf":"0"})") == "the token's claims: nbf: must be a number of seconds");
}

TEST_CASE("auth: the issuer must be the one that is configured") {
  const JwtOptions options{.issuer = "https://login.example/"};
  CHECK(error_of(R"({"iss":"https://login.example/"})", options) == "accepted");
  CHECK(error_of(R"({"iss":"https://login.example"})", options) ==
        R"(wrong issuer: "https://login.example")");
  CHECK(error_of("{}", options) == "no issuer, but auth.jwt.issuer asks for one");
  CHECK(error_of(R"({"iss":["https://login.example/"]})", options) ==
        "the token's claims: iss: expected a string, found an array");
  CHECK(error_of(R"({"iss":"anybody"})") == "accepted");
}

TEST_CASE("auth: one audience of the token must be one of ours") {
  const JwtOptions options{.audience = {"a", "b"}};
  CHECK(error_of(R"({"aud":"b"})", options) == "accepted");
  CHECK(error_of(R"({"aud":["x","a"]})", options) == "accepted");
  CHECK(error_of(R"({"aud":"A"})", options) == R"(wrong audience: "A")");
  CHECK(error_of(R"({"aud":["x","y"]})", options) == R"(wrong audience: "x")");
  CHECK(error_of(R"({"aud":[]})", options) == "wrong audience");
  CHECK(error_of("{}", options) == "no audience, but auth.jwt.audience asks for one");
  CHECK(error_of(R"({"aud":[1]})", options) ==
        "the token's claims: aud: [0]: expected a string, found a number");
}

TEST_CASE("auth: a token for others is refused where no audience is configured") {
  CHECK(error_of(R"({"aud":"somebody"})") ==
        "wrong audience: the token is for others, and auth.jwt.audience is not set");
}

TEST_CASE("auth: a long name of a token is cut in a message, never within a letter") {
  std::string name(99, 'a');
  name +=
      "\xC3\xA4"
      "bc";
  CHECK(error_of(R"({"iss":")" + name + R"("})", {.issuer = "x"}) ==
        "wrong issuer: \"" + std::string(99, 'a') + "...\"");
}

TEST_CASE("auth: a token says what it allows") {
  const Grants grants = grants_of(
      R"({"ringcast":{"publish":["a/*"],"subscribe":["**","$sys/**"],"admin":["metrics"]}})");
  CHECK(grants.publish == std::vector<std::string>{"a/*"});
  CHECK(grants.subscribe == std::vector<std::string>{"**", "$sys/**"});
  CHECK(grants.admin == std::vector<std::string>{"metrics"});
  CHECK(grants_of(R"({"ringcast":{}})") == Grants{});
  CHECK(grants_of(R"({"sub":"x"})") == Grants{});
}

TEST_CASE("auth: the name of the claim is taken literally") {
  const std::string payload =
      R"({"https://a.example/ringcast":{"publish":["url"]},"app.ringcast":{"publish":["dotted"]},)"
      R"("app":{"ringcast":{"publish":["nested"]}}})";
  CHECK(grants_of(payload, "https://a.example/ringcast").publish[0] == "url");
  CHECK(grants_of(payload, "app.ringcast").publish[0] == "dotted");
  CHECK(grants_of(payload) == Grants{});
}

TEST_CASE("auth: a bad grant is named") {
  const auto with = [](const std::string& grants) {
    return error_of(R"({"ringcast":)" + grants + "}");
  };
  const std::string start = "the token's claims: ringcast: ";
  CHECK(with(R"({"publish":["a","b**"]})").starts_with(start + R"(publish[1]: "b**": )"));
  CHECK(with(R"({"subscribe":[""]})").starts_with(start + R"(subscribe[0]: "": )"));
  CHECK(with(R"({"admin":["root"]})") ==
        start + R"(admin[0]: "root": must be metrics, topics, history or delete)");
  CHECK(with(R"({"publish":"**"})") == start + "publish: expected an array, found a string");
  CHECK(with(R"({"publish":[["**"]]})") == start + "publish[0]: expected a string, found an array");
  CHECK(with(R"(["**"])") == start + "expected an object, found an array");
  CHECK(with(R"({"publsh":[]})") ==
        start + R"(has "publsh", but only publish, subscribe and admin are known)");
}

TEST_CASE("auth: a name that is there twice is refused, however it is written") {
  const std::string start = "the token's claims: the name ";
  CHECK(error_of(R"({"exp":1,"exp":9999999999})") == start + R"("exp" is there twice)");
  CHECK(error_of(R"({"exp":9999999999,"\u0065xp":1})") == start + R"("exp" is there twice)");
  CHECK(error_of(R"({"x":1,"x":1})") == start + R"("x" is there twice)");
  CHECK(error_of(R"({"ringcast":{"publish":[],"publish":["**"]}})") ==
        R"(the token's claims: ringcast: the name "publish" is there twice)");
}

TEST_CASE("auth: claims are one JSON object") {
  CHECK(error_of("").starts_with("the token's claims: not JSON: "));
  CHECK(error_of("[]") == "the token's claims: expected an object, found an array");
  CHECK(error_of("{}{}").starts_with("the token's claims: not JSON: "));
  CHECK(error_of("{\"a\":\"\xFF\"}").starts_with("the token's claims: "));
}

}  // namespace
}  // namespace ringcast::auth::auth_claims_test
