#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "config/composite_keys.h"
#include "config/string_list.h"
#include "topics/name.h"

namespace ringcast::config {

namespace {

using Anonymous = auth::Options::Anonymous;

constexpr std::array<std::string_view, 3> kGrantKeys = {"publish", "subscribe", "admin"};
constexpr std::array<std::string_view, 4> kAdminRoutes = {"metrics", "topics", "history", "delete"};

Status check_route(std::string_view name) {
  if (std::find(kAdminRoutes.begin(), kAdminRoutes.end(), name) != kAdminRoutes.end()) {
    return Ok{};
  }
  return fail(Errc::kInvalid, "must be metrics, topics, history or delete");
}

Status read_grants(const Node& map, const std::string& path, auth::Grants& grants) {
  for (const auto& [name, where, value] : map.entries) {
    const bool is_admin = name == "admin";
    if (!is_admin && name != "publish" && name != "subscribe") {
      const std::string near = nearest(name, kGrantKeys);
      return fail_at(where, path,
                     "unknown key " + json::quoted(name) + "; " +
                         (near.empty() ? "known here: publish, subscribe, admin"
                                       : "did you mean " + near + "?"));
    }
    const std::string below = std::string(path).append(".").append(name);
    auto strings = read_strings(*value, below, is_admin ? check_route : topics::check_pattern);
    if (!strings) {
      return std::move(strings).failure();
    }
    (is_admin            ? grants.admin
     : name == "publish" ? grants.publish
                         : grants.subscribe) = *std::move(strings);
  }
  return Ok{};
}

}  // namespace

Status read_anonymous(const Node& value, std::string_view path, Config& config) {
  auth::Options options;
  if (value.kind == Node::Kind::kMap) {
    options.anonymous = Anonymous::kGrants;
    if (auto status = read_grants(value, std::string(path), options.grants); !status) {
      return status;
    }
  } else if (value.scalar == "local" || value.scalar == "none") {
    options.anonymous = value.scalar == "local" ? Anonymous::kLocal : Anonymous::kNone;
  } else {
    return fail_at(value.where, path,
                   "must be local, none or {publish: [...], subscribe: [...], admin: [...]}, not " +
                       found(value));
  }
  config.auth = std::move(options);
  return Ok{};
}

std::string print_anonymous(const Config& config) {
  const auth::Grants& grants = config.auth.grants;
  switch (config.auth.anonymous) {
    case Anonymous::kLocal:
      return " local";
    case Anonymous::kNone:
      return " none";
    case Anonymous::kGrants:
      break;
  }
  return " {publish: " + print_strings(grants.publish) +
         ", subscribe: " + print_strings(grants.subscribe) +
         ", admin: " + print_strings(grants.admin) + "}";
}

}  // namespace ringcast::config
