#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "auth/digest.h"
#include "auth/grants.h"
#include "base/json.h"
#include "base/web_url.h"

namespace ringcast::auth {

namespace {

Status check_tokens(const std::vector<StaticToken>& tokens) {
  std::set<std::string_view> names;
  std::set<Sha256> digests;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const StaticToken& token = tokens[i];
    const std::string field = "auth.tokens[" + std::to_string(i) + "]";
    if (token.name.empty()) {
      return fail(Errc::kInvalid, "needs a name", field + ".name");
    }
    if (!names.insert(token.name).second) {
      return fail(Errc::kInvalid, "the name " + json::quoted(token.name) + " is there already",
                  field + ".name");
    }
    const auto digest = parse_sha256(token.sha256);
    if (!digest) {
      return fail(Errc::kInvalid, "must be the SHA-256 of the token as 64 hex digits",
                  field + ".sha256");
    }
    if (!digests.insert(*digest).second) {
      return fail(Errc::kInvalid, "the same token is there already, under another name",
                  field + ".sha256");
    }
  }
  return Ok{};
}

// Nobody between here and there may exchange the keys, so that only loopback goes without TLS.
Status check_jwks(const JwtOptions& jwt, const std::string& field) {
  if (!jwt.is_jwks_url()) {
    return Ok{};
  }
  const auto url = parse_web_url(jwt.jwks);
  if (!url) {
    return fail(Errc::kInvalid, "must have a host behind the scheme, without user and password",
                field);
  }
  if (url->is_protected()) {
    return Ok{};
  }
  return fail(Errc::kInvalid,
              url->scheme == "http"
                  ? "must be https: with http, whoever is on the way to " + std::string(url->host) +
                        " could put in keys of their own"
                  : "must be a file or an https URL, not " + std::string(url->scheme),
              field);
}

Status check_jwt(const JwtOptions& jwt) {
  if (!jwt.is_on() && (!jwt.issuer.empty() || !jwt.audience.empty())) {
    return fail(Errc::kInvalid, "needs a key: set auth.jwt.key_file, auth.jwt.jwks or auth.jwt.key",
                "auth.jwt");
  }
  if (auto status = check_key_options(jwt, "auth.jwt"); !status) {
    return status;
  }
  if (jwt.claim.empty()) {
    return fail(Errc::kInvalid, "must be the name of a claim, as in ringcast", "auth.jwt.claim");
  }
  return Ok{};
}

}  // namespace

Status check_key_options(const JwtOptions& jwt, const std::string& section) {
  if (jwt.is_on() && jwt.algorithms.empty()) {
    return fail(Errc::kInvalid,
                "must name the algorithms that tokens may use, as in [ES256]: what a token says of "
                "itself is no reason to believe it",
                section + ".algorithms");
  }
  if (!jwt.is_on() && !jwt.algorithms.empty()) {
    return fail(
        Errc::kInvalid,
        "needs a key: set " + section + ".key_file, " + section + ".jwks or " + section + ".key",
        section);
  }
  if (!jwt.key.empty() && !jwt.key_file.empty()) {
    return fail(Errc::kInvalid, "is there beside " + section + ".key_file: set one of them",
                section + ".key");
  }
  return check_jwks(jwt, section + ".jwks");
}

Status check_options(const Options& options) {
  Status status = check_tokens(options.tokens);
  return status ? check_jwt(options.jwt) : std::move(status);
}

Status check_open_to_others(const Options& options) {
  if (options.has_credentials() || options.anonymous == Options::Anonymous::kGrants) {
    return Ok{};
  }
  const bool is_none = options.anonymous == Options::Anonymous::kNone;
  return fail(Errc::kInvalid,
              "with auth.anonymous: " + std::string(is_none ? "none" : "local") +
                  " and neither auth.tokens nor auth.jwt nothing would be allowed there: make a "
                  "token (ringcast token new), or set auth.anonymous to {publish: [...], "
                  "subscribe: [...]} with what anybody may do, or listen on 127.0.0.1",
              "auth.anonymous");
}

}  // namespace ringcast::auth
