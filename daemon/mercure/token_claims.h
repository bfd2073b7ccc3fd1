#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ringcast::mercure {

// What a token of the protocol's version 8 says, as far as it is asked.
struct TokenClaims {
  std::vector<std::string> publish;    // Topic selectors.
  std::vector<std::string> subscribe;  // Of private updates.
  std::string payload;                 // Minified JSON; empty: none.
  std::string subject;
  int64_t expires_unix_ms = 0;  // 0: never.
};

// Reads the payload of a JWT whose signature is good: the claim `mercure`, or
// `https://mercure.rocks/`, which goes before it. kUnauthorized when a claim is not what it must
// be, or does not hold now; `iss` and `aud` are not asked for, as in the protocol.
Result<TokenClaims> read_token_claims(std::string_view payload, int64_t now_unix_ms);

}  // namespace ringcast::mercure
