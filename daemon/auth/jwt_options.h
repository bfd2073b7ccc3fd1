#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/algorithm.h"
#include "base/result.h"

namespace ringcast::auth {

// Which JWTs to believe. `algorithms` is never guessed: a token does not choose how it is checked.
struct JwtOptions {
  std::vector<Algorithm> algorithms;
  std::string key_file;          // A PEM public key, or the bytes of a secret for HS*.
  std::string key;               // The same, in the configuration itself.
  std::string jwks;              // A file or a URL.
  int64_t refresh_ms = 600'000;  // How often `jwks` is read again.
  std::string issuer;            // Empty: any.
  std::vector<std::string>
      audience;                    // One of them must be meant; empty: only tokens without `aud`.
  std::string claim = "ringcast";  // The name of the claim with the grants, taken literally.
  int64_t leeway_ms = 0;           // For clocks that differ: `exp` is so much later, `nbf` earlier.
  std::string cookie;              // The name of a cookie that may carry the token; empty: none.

  // Is any key named, so that JWTs are a way in?
  [[nodiscard]] bool is_on() const noexcept {
    return !key_file.empty() || !key.empty() || !jwks.empty();
  }
  // Is `jwks` to be fetched, not read?
  [[nodiscard]] bool is_jwks_url() const noexcept { return jwks.find("://") != std::string::npos; }
  bool operator==(const JwtOptions&) const = default;
};

// What can be told of algorithms and keys without reading them. kInvalid, with the key in `field`;
// `section` is what they are in: "auth.jwt".
Status check_key_options(const JwtOptions& jwt, const std::string& section);

}  // namespace ringcast::auth
