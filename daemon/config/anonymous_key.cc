#include <utility>

#include "config/composite_keys.h"
#include "config/grants_value.h"

namespace ringcast::config {

namespace {

using Anonymous = auth::Options::Anonymous;

}  // namespace

Status read_anonymous(const Node& value, std::string_view path, Config& config) {
  Anonymous anonymous = Anonymous::kGrants;
  auth::Grants grants;
  if (value.kind == Node::Kind::kMap) {
    if (auto status = read_grants(value, path, {}, grants); !status) {
      return status;
    }
  } else if (value.scalar == "local" || value.scalar == "none") {
    anonymous = value.scalar == "local" ? Anonymous::kLocal : Anonymous::kNone;
  } else {
    return fail_at(value.where, path,
                   "must be local, none or {publish: [...], subscribe: [...], admin: [...]}, not " +
                       found(value));
  }
  config.auth.anonymous = anonymous;
  config.auth.grants = std::move(grants);
  return Ok{};
}

std::string print_anonymous(const Config& config) {
  switch (config.auth.anonymous) {
    case Anonymous::kLocal:
      return " local";
    case Anonymous::kNone:
      return " none";
    case Anonymous::kGrants:
      break;
  }
  return " {" + print_grants(config.auth.grants) + "}";
}

}  // namespace ringcast::config
