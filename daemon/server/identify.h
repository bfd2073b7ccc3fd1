#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "auth/authenticator.h"
#include "base/result.h"
#include "http/request.h"
#include "http/target.h"
#include "server/client.h"
#include "server/services.h"

namespace ringcast::server {

// The token of a request, and what showed it.
struct Credential {
  enum class From { kNone, kHeader, kQuery, kCookie };
  From from = From::kNone;
  std::string_view token;  // Of the request or the target.
};

// What follows `Bearer`. kUnauthorized when it is something else.
Result<std::string_view> bearer_of(std::string_view value);
// Of the first cookie of that name (RFC 6265 section 4.2.1); empty when there is none.
[[nodiscard]] std::string_view cookie_of(const http::Request& head, std::string_view wanted);

// `Authorization: Bearer`, the parameter access_token, or the cookie of that name (RFC 6750
// section 2; empty: none). A header or a parameter goes before a cookie, which a browser sends by
// itself. kInvalid when it comes in two ways, kUnauthorized when it is no bearer token.
Result<Credential> find_credential(const http::Request& head, const http::Target& target,
                                   std::string_view cookie);

// May what came without credentials use the rights of this machine? kForbidden when another site's
// page asked, kUnauthorized when a proxy forwarded it: both can reach loopback.
Status check_local(const http::Request& head, const Client& client, const Listening& listening,
                   const Options& options);

// A cookie goes along with whatever page asks: one that changes something must be of an allowed
// origin.
Status check_cookie_use(const http::Request& head, const Listening& listening,
                        const Options& options);

// The header WWW-Authenticate (RFC 6750 section 3): what is wrong with the token, or that it lacks
// the grant.
[[nodiscard]] std::string challenge_for(const Error& error);

// Remembers who asked last on a connection, as signatures cost time.
class Caller {
 public:
  // Who asks. Errors as above, and what Authenticator::authenticate() says.
  Status identify(const http::Request& head, const http::Target& target, const Client& client,
                  const Listening& listening, const Settings& settings, int64_t now_unix_ms);
  // Somebody else has found out who asks.
  void be(auth::IdentityRef identity);
  // For what everybody may have: nobody is asked.
  void be_nobody(const auth::Authenticator& authenticator);
  // After identify() or be_nobody().
  [[nodiscard]] const auth::IdentityRef& identity() const noexcept { return identity_; }
  // kUnauthorized once the identity has expired.
  [[nodiscard]] Status check_expiry(int64_t now_unix_ms) const;
  // The same, or when nothing vouches for it any more.
  [[nodiscard]] Status check_still_valid(const Settings& settings, int64_t now_unix_ms) const;

 private:
  auth::IdentityRef identity_;
  std::string token_;
  std::shared_ptr<const auth::Authenticator> authenticator_;
};

}  // namespace ringcast::server
