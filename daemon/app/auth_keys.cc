#include "app/auth_keys.h"

#include <utility>

#include "app/read_file.h"
#include "auth/key_text.h"

namespace ringcast::app {

namespace {

constexpr size_t kMaxKeyBytes = size_t{64} << 10;

// The key that stands alone; with neither key nor key_file, nothing is added.
Status add_key(const auth::JwtOptions& options, auth::JwtKeys& keys) {
  if (options.key.empty() && options.key_file.empty()) {
    return Ok{};
  }
  std::string text = options.key;
  if (text.empty()) {
    auto read = read_file(options.key_file, kMaxKeyBytes);
    if (!read) {
      return fail(read.error().code, "auth.jwt.key_file: " + read.error().detail);
    }
    text = *std::move(read);
  }
  auto key = auth::parse_key_text(text);
  if (!key) {
    return fail(Errc::kInvalid, (options.key.empty() ? "auth.jwt.key_file: " + options.key_file
                                                     : std::string("auth.jwt.key")) +
                                    ": " + key.error().detail);
  }
  keys.keys.push_back(*std::move(key));
  return Ok{};
}

}  // namespace

Result<auth::JwkSet> read_jwks_file(const std::string& path) {
  auto text = read_file(path, kMaxJwksBytes);
  if (!text) {
    return std::move(text).failure();
  }
  auto set = auth::parse_jwk_set(*text);
  return set ? std::move(set) : fail(Errc::kInvalid, path + ": " + set.error().detail);
}

Result<auth::JwtKeys> read_jwt_keys(const auth::JwtOptions& options,
                                    std::vector<std::string>& notes) {
  auth::JwtKeys keys;
  if (auto status = add_key(options, keys); !status) {
    return std::move(status).failure();
  }
  if (options.jwks.empty()) {
    return keys;
  }
  if (options.is_jwks_url()) {
    keys.missing = "the JWKS could not be read yet";
    return keys;
  }
  auto set = read_jwks_file(options.jwks);
  if (!set) {
    return fail(set.error().code, "auth.jwt.jwks: " + set.error().detail);
  }
  keys.keys.insert(keys.keys.end(), set->keys.begin(), set->keys.end());
  for (const std::string& skipped : set->skipped) {
    notes.push_back("auth.jwt.jwks: skipped " + skipped);
  }
  return keys;
}

Result<Access> read_access(const auth::Options& options, std::vector<std::string>& notes) {
  auto keys = read_jwt_keys(options.jwt, notes);
  if (!keys) {
    return std::move(keys).failure();
  }
  auto authenticator = auth::Authenticator::make(options, *keys);
  if (!authenticator) {
    return std::move(authenticator).failure();
  }
  return Access{std::move(*keys), std::move(*authenticator)};
}

}  // namespace ringcast::app
