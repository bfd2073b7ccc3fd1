#include "auth/access.h"

#include <string>
#include <vector>

namespace ringcast::auth {

namespace {

constexpr size_t kMostNamed = 10;

std::string list_of(const std::vector<std::string>& granted) {
  std::string list;
  for (size_t i = 0; i < granted.size() && i < kMostNamed; ++i) {
    list.append(i == 0 ? "" : ", ").append(granted[i]);
  }
  return list.empty() ? "nothing" : list + (granted.size() > kMostNamed ? ", ..." : "");
}

Failure refusal(const Identity& who, std::string_view deed, std::string_view infinitive,
                std::string_view what, const std::vector<std::string>& granted,
                std::string_view field) {
  std::string detail;
  if (who.is_anonymous()) {
    detail.append(deed).append(what).append(" is not granted without credentials");
    return fail(Errc::kUnauthorized, std::move(detail), std::string(field));
  }
  detail.append(who.name).append(" may not ").append(infinitive).append(what);
  detail.append("; granted there: ").append(list_of(granted));
  return fail(Errc::kForbidden, std::move(detail), std::string(field));
}

}  // namespace

Status check_publish(const Identity& who, std::string_view topic) {
  if (who.grants.may_publish(topic)) {
    return Ok{};
  }
  return refusal(who, "publishing to ", "publish to ", topic, who.grants.publish, "topic");
}

Status check_subscribe(const Identity& who, std::string_view pattern) {
  if (who.grants.may_subscribe(pattern)) {
    return Ok{};
  }
  return refusal(who, "subscribing to ", "subscribe to ", pattern, who.grants.subscribe, "topic");
}

Status check_admin(const Identity& who, std::string_view route) {
  if (who.grants.may_admin(route)) {
    return Ok{};
  }
  return refusal(who, "", "use ", route, who.grants.admin, "");
}

}  // namespace ringcast::auth
