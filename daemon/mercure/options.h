#pragma once

#include <string>
#include <vector>

#include "auth/jwt_options.h"
#include "base/result.h"

namespace ringcast::mercure {

// The hub of the Mercure protocol: whether there is one, where, and whom it believes.
struct Options {
  bool enabled = false;
  std::string path = "/.well-known/mercure";
  auth::JwtOptions jwt;             // Of publishers, and of subscribers unless the next one is on.
  auth::JwtOptions subscriber_jwt;  // Of both: algorithms, key_file, key and jwks.
  // The hub's own URL. Access tokens of version 1.0 name it in `aud`; empty: they are not taken.
  std::string resource;
  std::string issuer;          // Whose access tokens count; empty: anybody's with a key.
  bool anonymous = false;      // Without a token one may subscribe, to what is not private.
  bool subscriptions = false;  // They are told of, and listed.
  std::string cookie = "mercureAuthorization";  // Empty: none.
  // Of pages that may publish with the cookie; see http::Allowed.
  std::vector<std::string> publish_origins;

  [[nodiscard]] const auth::JwtOptions& subscribers() const noexcept {
    return subscriber_jwt.is_on() ? subscriber_jwt : jwt;
  }
  bool operator==(const Options&) const = default;
};

// What the options can tell without the keys that they name. kInvalid, with the key in `field`.
Status check_options(const Options& options);

}  // namespace ringcast::mercure
