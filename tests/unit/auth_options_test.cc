#include <doctest/doctest.h>

#include <string>

#include "auth/grants.h"

namespace ringcast::auth::auth_options_test {
namespace {

const std::string kDigest(64, 'a');

std::string error_of(const Options& options) {
  const auto status = check_options(options);
  return status ? "no error" : status.error().field + ": " + status.error().detail;
}

std::string error_of_jwt(const JwtOptions& jwt) {
  Options options;
  options.jwt = jwt;
  return error_of(options);
}

std::string error_of_jwks(const std::string& jwks) {
  return error_of_jwt({.algorithms = {Algorithm::kEs256}, .jwks = jwks});
}

TEST_CASE("auth: tokens differ in name and digest") {
  Options options;
  options.tokens = {{.name = "a", .sha256 = kDigest, .grants = {}}};
  CHECK(error_of(options) == "no error");
  options.tokens.push_back({.name = "a", .sha256 = std::string(64, 'b'), .grants = {}});
  CHECK(error_of(options) == R"(auth.tokens[1].name: the name "a" is there already)");
  options.tokens[1] = {.name = "b", .sha256 = std::string(64, 'A'), .grants = {}};
  CHECK(error_of(options) ==
        "auth.tokens[1].sha256: the same token is there already, under another name");
  options.tokens[1] = {.name = "", .sha256 = std::string(64, 'b'), .grants = {}};
  CHECK(error_of(options) == "auth.tokens[1].name: needs a name");
  options.tokens[1] = {.name = "b", .sha256 = "rc_secret", .grants = {}};
  CHECK(error_of(options) ==
        "auth.tokens[1].sha256: must be the SHA-256 of the token as 64 hex digits");
}

TEST_CASE("auth: the algorithms of JWTs must be named") {
  CHECK(error_of_jwt({.key_file = "key.pem"})
            .starts_with("auth.jwt.algorithms: must name the algorithms"));
  CHECK(error_of_jwt({.algorithms = {Algorithm::kEs256}, .key_file = "key.pem"}) == "no error");
}

TEST_CASE("auth: rules for JWTs without a key are an error") {
  CHECK(error_of_jwt({.algorithms = {Algorithm::kEs256}}).starts_with("auth.jwt: needs a key"));
  CHECK(error_of_jwt({.issuer = "x"}).starts_with("auth.jwt: needs a key"));
  CHECK(error_of_jwt({.audience = {"x"}}).starts_with("auth.jwt: needs a key"));
  CHECK(error_of_jwt({}) == "no error");
}

TEST_CASE("auth: the key is in the configuration or in a file") {
  CHECK(error_of_jwt({.algorithms = {Algorithm::kEs256}, .key_file = "a", .key = "b"}) ==
        "auth.jwt.key: is there beside auth.jwt.key_file: set one of them");
}

TEST_CASE("auth: the claim has a name") {
  CHECK(error_of_jwt({.algorithms = {Algorithm::kEs256}, .key_file = "a", .claim = ""})
            .starts_with("auth.jwt.claim: "));
}

TEST_CASE("auth: a JWKS comes from a file, over TLS, or from this machine") {
  for (const char* good :
       {"keys.json", "/etc/ringcast/keys.json", "https://login.example/jwks?a=b@c",
        "https://login.example:8443/jwks", "https://[2001:db8::1]/jwks", "http://localhost/jwks",
        "http://127.0.0.1:8080/jwks", "http://[::1]:8080/jwks", "http://[::1]"}) {
    CAPTURE(good);
    CHECK(error_of_jwks(good) == "no error");
  }
  for (const char* bad : {"http://login.example/jwks", "http://127.0.0.1.example/jwks",
                          "http://127.0.0.2/jwks", "http://localhost:80:80@login.example/jwks",
                          "http://localhost@login.example/", "http://localhost\\@login.example/",
                          "ftp://localhost/jwks", "file:///etc/keys.json", "HTTPS://login.example/",
                          "https://", "https:///jwks", "https://a b/", "https://user:pw@host/"}) {
    CAPTURE(bad);
    CHECK(error_of_jwks(bad).starts_with("auth.jwt.jwks: must "));
  }
}

TEST_CASE("auth: others may reach a listener only where something is allowed") {
  Options options;
  const auto local = check_open_to_others(options);
  REQUIRE_FALSE(local);
  CHECK(local.error().detail ==
        "with auth.anonymous: local and neither auth.tokens nor auth.jwt nothing would be allowed "
        "there: make a token (ringcast token new), or set auth.anonymous to {publish: [...], "
        "subscribe: [...]} with what anybody may do, or listen on 127.0.0.1");
  options.anonymous = Options::Anonymous::kNone;
  CHECK_FALSE(check_open_to_others(options));
  options.tokens = {{.name = "a", .sha256 = kDigest, .grants = {}}};
  CHECK(check_open_to_others(options));
  options = {};
  options.jwt.jwks = "keys.json";
  CHECK(check_open_to_others(options));
  options = {};
  options.anonymous = Options::Anonymous::kGrants;
  CHECK(check_open_to_others(options));
}

TEST_CASE("auth: the names of admin routes are known") {
  for (const char* name : {"metrics", "topics", "history", "delete"}) {
    CHECK(check_admin_route(name));
  }
  CHECK_FALSE(check_admin_route("root"));
  CHECK_FALSE(check_admin_route(""));
}

}  // namespace
}  // namespace ringcast::auth::auth_options_test
