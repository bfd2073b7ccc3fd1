#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ringcast::auth {

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

// Whom to trust without credentials.
struct Options {
  enum class Anonymous { kLocal, kNone, kGrants };
  Anonymous anonymous = Anonymous::kLocal;  // kLocal: everything, on local listeners only.
  Grants grants;                            // For kGrants: on every listener.

  // What a request without credentials may do on a listener.
  [[nodiscard]] Grants anonymous_on(bool local_listener) const;
  bool operator==(const Options&) const = default;
};

}  // namespace ringcast::auth
