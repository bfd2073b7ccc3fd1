#include <doctest/doctest.h>

#include <string>

#include "support/config_text.h"

namespace ringcast::config::config_auth_test {
namespace {

using auth::Algorithm;

auth::Options options_of(const std::string& text) {
  return config_of(text).auth;
}

const std::string kDigest(64, 'a');

std::string tokens(const std::string& text) {
  return "auth: {tokens: " + text + "}";
}
std::string token(const std::string& more) {
  return tokens("[{name: a, sha256: " + kDigest + more + "}]");
}

TEST_CASE("config: tokens are read") {
  const auto options = options_of(
      "auth:\n  tokens:\n    - {name: ci, sha256: " + std::string(64, 'A') +
      ", publish: [\"ci/**\"], subscribe: [b], admin: [metrics, delete]}\n    - name: none\n"
      "      sha256: \"" +
      std::string(64, '1') + "\"\n");
  REQUIRE(options.tokens.size() == 2);
  CHECK(options.tokens[0].name == "ci");
  CHECK(options.tokens[0].sha256 == kDigest);
  CHECK(options.tokens[0].grants ==
        auth::Grants{.publish = {"ci/**"}, .subscribe = {"b"}, .admin = {"metrics", "delete"}});
  CHECK(options.tokens[1].name == "none");
  CHECK(options.tokens[1].sha256 == std::string(64, '1'));
  CHECK(options.tokens[1].grants == auth::Grants{});
  CHECK(options.anonymous == auth::Options::Anonymous::kLocal);
}

TEST_CASE("config: tokens stay when anonymous is read after them, and the other way round") {
  const auto options =
      options_of("auth: {tokens: [{name: a, sha256: " + kDigest + "}], anonymous: none}");
  CHECK(options.tokens.size() == 1);
  CHECK(options.anonymous == auth::Options::Anonymous::kNone);
}

TEST_CASE("config: a bad token is named with its place") {
  CHECK(error_of(tokens("{a: b}")) ==
        "f.yaml:1:16: auth.tokens: must be a list of tokens, not a map");
  CHECK(error_of(tokens("[a]")) ==
        "f.yaml:1:17: auth.tokens[0]: must be a map with name and sha256, not \"a\"");
  CHECK(error_of(tokens("[{sha256: " + kDigest + "}]")) ==
        "f.yaml:1:17: auth.tokens[0]: needs name, what logs call it (ringcast token new makes an "
        "entry)");
  CHECK(error_of(tokens("[{name: a}]")) ==
        "f.yaml:1:17: auth.tokens[0]: needs sha256, the SHA-256 of the token (ringcast token new "
        "makes an entry)");
  CHECK(error_of(tokens("[{name: [], sha256: " + kDigest + "}]")) ==
        "f.yaml:1:24: auth.tokens[0].name: must be what logs call it, not a list");
  CHECK(error_of(tokens("[{name: \"\", sha256: " + kDigest + "}]")) ==
        "f.yaml:1:24: auth.tokens[0].name: must be what logs call it, not \"\"");
  CHECK(error_of(token(", subscirbe: [a]")) ==
        "f.yaml:1:101: auth.tokens[0]: unknown key \"subscirbe\"; did you mean subscribe?");
  CHECK(error_of(token(", zzz: [a]")) ==
        "f.yaml:1:101: auth.tokens[0]: unknown key \"zzz\"; known here: name, sha256, publish, "
        "subscribe, admin");
  CHECK(error_of(token(", publish: [\"a**\"]"))
            .starts_with("f.yaml:1:111: auth.tokens[0].publish[0]: \"a**\": "));
  CHECK(error_of(token(", admin: [root]")) ==
        "f.yaml:1:109: auth.tokens[0].admin[0]: \"root\": must be metrics, topics, history or "
        "delete");
}

TEST_CASE("config: what stands where a digest should is not shown: it may be the token") {
  CHECK(error_of(tokens("[{name: a, sha256: rc_secret}]")) ==
        "f.yaml:1:35: auth.tokens[0].sha256: must be the SHA-256 of the token as 64 hex digits");
}

TEST_CASE("config: names and digests of tokens are unique") {
  const std::string first = "{name: a, sha256: " + kDigest + "}";
  CHECK(error_of("auth:\n  tokens:\n    - " + first +
                 "\n    - {name: a, sha256: " + std::string(64, 'b') + "}\n") ==
        "f.yaml:4:14: auth.tokens[1].name: \"a\" is there already");
  CHECK(error_of("auth:\n  tokens:\n    - " + first +
                 "\n    - {name: b, sha256: " + std::string(64, 'A') + "}\n") ==
        "f.yaml:4:25: auth.tokens[1].sha256: is the token of \"a\" already");
}

TEST_CASE("config: rules for JWTs are read") {
  const auto jwt = options_of(
                       "auth:\n  jwt:\n    algorithms: [ES256, EdDSA]\n"
                       "    jwks: https://a.example/jwks\n    refresh: 5m\n    issuer: us\n"
                       "    audience: [a, b]\n    claim: https://a.example/c\n    leeway: 30s\n"
                       "    cookie: token\n")
                       .jwt;
  CHECK(jwt == auth::JwtOptions{.algorithms = {Algorithm::kEs256, Algorithm::kEdDsa},
                                .jwks = "https://a.example/jwks",
                                .refresh_ms = 300'000,
                                .issuer = "us",
                                .audience = {"a", "b"},
                                .claim = "https://a.example/c",
                                .leeway_ms = 30'000,
                                .cookie = "token"});
}

TEST_CASE("config: one audience needs no list") {
  CHECK(options_of("auth: {jwt: {algorithms: [ES256], key_file: k, audience: a b}}").jwt.audience ==
        std::vector<std::string>{"a b"});
  CHECK(error_of("auth: {jwt: {audience: \"\"}}") ==
        "f.yaml:1:24: auth.jwt.audience: \"\": must not be empty");
  CHECK(error_of("auth: {jwt: {audience: {a: b}}}") ==
        "f.yaml:1:24: auth.jwt.audience: must be a list, not a map");
}

TEST_CASE("config: algorithms have exact names, and none is none of them") {
  const auto with = [](const std::string& name) {
    return error_of("auth: {jwt: {key_file: k, algorithms: [" + name + "]}}");
  };
  const std::string start = "f.yaml:1:40: auth.jwt.algorithms[0]: ";
  for (const std::string_view name : auth::kAlgorithmNames) {
    CHECK(with(std::string(name)) == "no error");
  }
  CHECK(with("none") == start + "\"none\": is no signature at all, and never allowed");
  CHECK(with("NonE") == start + "\"NonE\": is no signature at all, and never allowed");
  CHECK(with("es256") == start + "\"es256\": did you mean ES256?");
  CHECK(with("ES256K").starts_with(start + "\"ES256K\": is not known: HS256, HS384, "));
}

TEST_CASE("config: rules for JWTs that do not fit together are named with their place") {
  CHECK(error_of("auth:\n  jwt:\n    key_file: k\n")
            .starts_with("f.yaml:3:15: auth.jwt.algorithms: must name the algorithms"));
  CHECK(error_of("auth:\n  jwt:\n    algorithms: [ES256]\n")
            .starts_with("f.yaml:3:17: auth.jwt: needs a key"));
  CHECK(error_of("auth: {jwt: {algorithms: [ES256], key: a, key_file: b}}") ==
        "f.yaml:1:40: auth.jwt.key: is there beside auth.jwt.key_file: set one of them");
  CHECK(error_of("auth: {jwt: {algorithms: [ES256], jwks: \"http://a.example/\"}}") ==
        "f.yaml:1:41: auth.jwt.jwks: must be https: with http, whoever is on the way to a.example "
        "could put in keys of their own");
}

TEST_CASE("config: variables can hold a secret") {
  const auto loaded = load({.file_name = {},
                            .file_text = {},
                            .environment = {{"RINGCAST_AUTH_JWT_KEY", "s3cret"},
                                            {"RINGCAST_AUTH_JWT_ALGORITHMS", "[HS256]"}},
                            .set = {},
                            .listen = {}});
  REQUIRE_MESSAGE(loaded, loaded.error().detail);
  CHECK(loaded->config.auth.jwt.key == "s3cret");
  CHECK(loaded->warnings.empty());
}

TEST_CASE("config: tokens and JWTs open a listener to others") {
  const std::string open = "listen: 0.0.0.0:8080\n";
  CHECK(error_of(open + token("")) == "no error");
  CHECK(error_of(open + "auth: {jwt: {algorithms: [ES256], jwks: k}}") == "no error");
  CHECK(error_of(open + "auth: {anonymous: local}").find("nothing would be allowed there") !=
        std::string::npos);
}

}  // namespace
}  // namespace ringcast::config::config_auth_test
