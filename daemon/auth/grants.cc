#include "auth/grants.h"

#include <algorithm>

#include "topics/name.h"

namespace ringcast::auth {

Status check_admin_route(std::string_view name) {
  if (std::find(kAdminRoutes.begin(), kAdminRoutes.end(), name) != kAdminRoutes.end()) {
    return Ok{};
  }
  return fail(Errc::kInvalid, "must be metrics, topics, history or delete");
}

bool Grants::may_publish(std::string_view topic) const {
  // Whatever was granted, names that start with "$" belong to the broker.
  return !topics::is_reserved(topic) &&
         std::any_of(publish.begin(), publish.end(),
                     [&](const auto& granted) { return topics::matches(granted, topic); });
}

bool Grants::may_subscribe(std::string_view pattern) const {
  return std::any_of(subscribe.begin(), subscribe.end(),
                     [&](const auto& granted) { return topics::covers(granted, pattern); });
}

bool Grants::may_admin(std::string_view route) const {
  return std::find(admin.begin(), admin.end(), route) != admin.end();
}

Grants Grants::everything() {
  // "**" leaves out what starts with "$": the broker's own names are under "$sys".
  return {.publish = {"**"},
          .subscribe = {"**", "$sys/**"},
          .admin = {kAdminRoutes.begin(), kAdminRoutes.end()}};
}

Grants Options::anonymous_on(bool local_listener) const {
  switch (anonymous) {
    case Anonymous::kLocal:
      return local_listener && !has_credentials() ? Grants::everything() : Grants{};
    case Anonymous::kNone:
      return {};
    case Anonymous::kGrants:
      return grants;
  }
  return {};
}

}  // namespace ringcast::auth
