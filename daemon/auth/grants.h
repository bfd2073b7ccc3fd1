#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "auth/jwt_options.h"
#include "base/result.h"

namespace ringcast::auth {

// What `admin` can hold.
inline constexpr std::array<std::string_view, 4> kAdminRoutes = {"metrics", "topics", "history",
                                                                 "delete"};
// kInvalid says which there are.
Status check_admin_route(std::string_view name);

// What somebody may do: topic patterns for publishing and subscribing, names of admin routes
// ("metrics", "topics", "history", "delete").
struct Grants {
  std::vector<std::string> publish;
  std::vector<std::string> subscribe;
  std::vector<std::string> admin;

  [[nodiscard]] bool may_publish(std::string_view topic) const;
  // A pattern must be covered by one granted pattern as a whole: it is never narrowed.
  [[nodiscard]] bool may_subscribe(std::string_view pattern) const;
  [[nodiscard]] bool may_admin(std::string_view route) const;
  // Publish "**" and "$"-free, subscribe to everything, all admin routes.
  static Grants everything();
  bool operator==(const Grants&) const = default;
};

// A token that the configuration knows by its digest.
struct StaticToken {
  std::string name;    // Unique; not empty.
  std::string sha256;  // Of the token: 64 hex digits, in lower case.
  Grants grants;
  bool operator==(const StaticToken&) const = default;
};

// Whom to trust, and with what.
struct Options {
  enum class Anonymous { kLocal, kNone, kGrants };
  // kLocal: everything, on local listeners only, and nothing once there are tokens or JWTs.
  Anonymous anonymous = Anonymous::kLocal;
  Grants grants;  // For kGrants: on every listener.
  std::vector<StaticToken> tokens;
  JwtOptions jwt;

  // Are there tokens or JWTs?
  [[nodiscard]] bool has_credentials() const noexcept { return !tokens.empty() || jwt.is_on(); }
  // What a request without credentials may do on a listener.
  [[nodiscard]] Grants anonymous_on(bool local_listener) const;
  bool operator==(const Options&) const = default;
};

// What the options can tell without the keys that they name: names and digests of tokens that are
// there twice, JWT keys without algorithms. kInvalid, with the key in `field`:
// "auth.jwt.algorithms".
Status check_options(const Options& options);

// May a listener be open to other machines? Only where something is allowed there: with tokens,
// JWTs or grants for anonymous requests. kInvalid says what to write.
Status check_open_to_others(const Options& options);

}  // namespace ringcast::auth
