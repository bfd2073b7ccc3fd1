#pragma once

#include <memory>
#include <string>
#include <vector>

#include "auth/authenticator.h"
#include "auth/jwk_set.h"
#include "auth/jwt_key.h"
#include "auth/jwt_options.h"
#include "base/result.h"

namespace ringcast::app {

// The keys that auth.jwt names: those in files and in the configuration. A JWKS at a URL is not
// waited for: `missing` says that it could not be read yet, and a JwksSource reads it. An error
// names the key and the file. `notes` is for the log: keys that were skipped.
Result<auth::JwtKeys> read_jwt_keys(const auth::JwtOptions& options,
                                    std::vector<std::string>& notes);

// Whom to believe, and the keys that it is made of.
struct Access {
  auth::JwtKeys keys;
  std::shared_ptr<const auth::Authenticator> authenticator;
};
Result<Access> read_access(const auth::Options& options, std::vector<std::string>& notes);

// A JWKS in a file, of at most kMaxJwksBytes.
Result<auth::JwkSet> read_jwks_file(const std::string& path);

inline constexpr size_t kMaxJwksBytes = size_t{1} << 20;

}  // namespace ringcast::app
