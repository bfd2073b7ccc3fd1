#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "auth/grants.h"
#include "auth/jwt_key.h"
#include "base/result.h"

namespace ringcast::auth {

// Who asks, and what they may do.
struct Identity {
  std::string name;  // Of a static token, or the `sub` of a JWT ("jwt" without one); empty:
                     // anonymous.
  Grants grants;
  int64_t expires_unix_ms = 0;  // 0: never.
  // What vouches for it: a static token with its grants, or a JWT key with the rules it is used
  // under, or the rule for anonymous. Changes when any of that does. Never 0.
  uint64_t source = 0;

  [[nodiscard]] bool is_anonymous() const noexcept { return name.empty(); }
};
using IdentityRef = std::shared_ptr<const Identity>;

// Finds out who asks. Immutable: a reload or a re-read JWKS makes another. Thread-safe.
class Authenticator {
 public:
  // `keys`: the key material that options.jwt names, read by `app`. kInvalid when the options do
  // not make sense, or no key can serve any of the algorithms.
  static Result<std::shared_ptr<const Authenticator>> make(const Options& options,
                                                           const JwtKeys& keys);
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;
  ~Authenticator();

  // Without credentials, on a listener; `is_local`: loopback or unix, and the request has kept the
  // privilege.
  [[nodiscard]] IdentityRef anonymous(bool is_local) const;
  // A credential as it came. kUnauthorized says why: "the token expired at 2026-11-21T10:00:00Z",
  // "unknown key id \"k7\"". Never shows the token itself.
  [[nodiscard]] Result<IdentityRef> authenticate(std::string_view token, int64_t now_unix_ms) const;
  // Whether a stream that was opened with this source may go on.
  [[nodiscard]] bool vouches_for(uint64_t source) const;

 private:
  struct State;
  explicit Authenticator(std::unique_ptr<const State> state);

  const std::unique_ptr<const State> state_;
};

}  // namespace ringcast::auth
