#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringcast::auth {

inline constexpr size_t kMaxJwtBytes = 8192;

// A JWT as it is written (compact JWS, RFC 7515 section 7.1), taken apart and not yet believed.
struct Jwt {
  std::string algorithm;              // As the header says it; whether it is allowed is not asked.
  std::string type;                   // `typ`; empty: none.
  std::optional<std::string> key_id;  // `kid`
  std::string_view signed_text;       // In the token: header and payload, as they came.
  std::string payload;
  std::string signature;
};

// Fails with kUnauthorized when it is none: other than three parts of strict base64url, a header
// that is no JSON object or has a name twice, no `alg`, or `crit`, since we know no extension.
// Where the header says where its key is (jku, jwk, x5u, x5c), that is not looked at: it is the
// sender who says so.
Result<Jwt> parse_jwt(std::string_view token);

}  // namespace ringcast::auth
