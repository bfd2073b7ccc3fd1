#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/jwt_key.h"
#include "base/result.h"

namespace ringcast::auth {

struct JwkSet {
  std::vector<JwtKey> keys;
  std::vector<std::string> skipped;  // "keys[2] \"old\": an RSA key of 1024 bits is too short".
};

// Reads a JWKS (RFC 7517 section 5). A key that is not for checking signatures, or not of a kind
// that we know, is skipped, as the RFC wants it; a set without keys is one, too. kInvalid when the
// text is no JWKS, has a name twice in one object, or has more than 100 keys.
Result<JwkSet> parse_jwk_set(std::string_view text);

}  // namespace ringcast::auth
