#pragma once

#include <memory>
#include <string>
#include <vector>

#include "auth/authenticator.h"
#include "auth/jwk_set.h"
#include "auth/jwt_key.h"
#include "auth/jwt_options.h"
#include "base/result.h"
#include "config/config.h"
#include "mercure/authority.h"

namespace ringcast::app {

// The keys that options name: those in files and in the configuration. A JWKS at a URL is not
// waited for: `missing` says that it could not be read yet, and a JwksSource reads it. An error
// names the key and the file. `section`: where the options are, "auth.jwt". `notes` is for the
// log: keys that were skipped.
Result<auth::JwtKeys> read_jwt_keys(const auth::JwtOptions& options, const std::string& section,
                                    std::vector<std::string>& notes);

// The keys of `keys` that stand alone, and `set`, the keys of its JWKS. Where none of these serves
// any of the algorithms, `missing` says so, and they replace what was there before all the same:
// that a key is gone takes it back.
auth::JwtKeys with_set(const auth::JwtKeys& keys, const std::vector<auth::JwtKey>& set,
                       const std::vector<auth::Algorithm>& algorithms);

// Whom to believe, and the keys that it is made of.
struct Access {
  auth::JwtKeys keys;             // Of auth.jwt,
  auth::JwtKeys mercure_keys;     // mercure.jwt
  auth::JwtKeys subscriber_keys;  // and mercure.subscriber_jwt.
  std::shared_ptr<const auth::Authenticator> authenticator;
  std::shared_ptr<const mercure::Authority> mercure;  // Null: it is off.

  // What JWKS at URLs held is taken over from before the reload, where the URLs are the same: they
  // are not waited for.
  void keep_sets(const config::Config& config, const Access& before,
                 const config::Config& config_before);
  // Makes both of the keys. After a failure they are as before.
  Status make(const config::Config& config);
};
Result<Access> read_access(const config::Config& config, std::vector<std::string>& notes);

// A JWKS in a file, of at most kMaxJwksBytes.
Result<auth::JwkSet> read_jwks_file(const std::string& path);

inline constexpr size_t kMaxJwksBytes = size_t{1} << 20;

}  // namespace ringcast::app
