#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/grants.h"
#include "auth/jwt_options.h"
#include "base/result.h"

namespace ringcast::auth {

// What a JWT says, as far as it is asked: RFC 7519 section 4.1, and the grants.
struct Claims {
  std::optional<std::string> issuer;
  std::optional<std::string> subject;
  std::optional<std::vector<std::string>> audience;
  std::optional<int64_t> expires_unix_ms;
  std::optional<int64_t> not_before_unix_ms;
  Grants grants;  // Nothing without the claim.
};

// Reads the payload of a JWT whose signature is good. kUnauthorized when it is no JSON object, has
// a name twice, or a claim that is not what it must be; it says which. `grants_claim` is taken
// literally, dots and slashes too.
Result<Claims> read_claims(std::string_view payload, std::string_view grants_claim);

// Whether they hold now, and here. kUnauthorized says which one does not.
Status check_claims(const Claims& claims, const JwtOptions& options, int64_t now_unix_ms);

}  // namespace ringcast::auth
