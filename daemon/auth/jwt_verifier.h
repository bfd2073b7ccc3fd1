#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/algorithm.h"
#include "auth/jwt.h"
#include "auth/jwt_key.h"
#include "base/result.h"

namespace ringcast::auth {

// Believes JWTs that one of its keys has signed. What they say is for others to read. Immutable and
// thread-safe.
class JwtVerifier {
 public:
  // Whose word it is.
  struct Verified {
    std::string payload;  // The claims, as they came.
    std::string type;     // Of the token, as its header has it; empty: none.
    uint64_t source = 0;  // See Identity.
  };

  JwtVerifier() = default;
  // `section`: what messages call the options, as in "auth.jwt". `rules`: a text that changes when
  // anything does that decides whether a token with a good signature counts.
  JwtVerifier(std::string_view section, std::vector<Algorithm> algorithms, const JwtKeys& keys,
              const std::vector<std::string>& rules);

  // kUnauthorized says why not.
  [[nodiscard]] Result<Verified> verify(std::string_view token) const;
  // Whether the key and the rules behind a source are among these.
  [[nodiscard]] bool vouches_for(uint64_t source) const;
  // kInvalid when none of the keys serves any of the algorithms.
  [[nodiscard]] Status check_keys() const;

 private:
  struct KnownKey {
    JwtKey key;
    uint64_t source;
  };
  Result<const KnownKey*> find_key(const Jwt& jwt, Algorithm algorithm) const;
  [[nodiscard]] Failure refuse_key(const std::string& why) const;

  std::string section_;
  std::vector<Algorithm> algorithms_;
  std::vector<KnownKey> keys_;
  std::string missing_;
};

}  // namespace ringcast::auth
