#pragma once

#include <span>
#include <string>
#include <string_view>

#include "auth/grants.h"
#include "base/result.h"
#include "config/node.h"

namespace ringcast::config {

// Reads publish, subscribe and admin of a map. A key that is neither one of these nor in `others`
// is an error.
Status read_grants(const Node& map, std::string_view path, std::span<const std::string_view> others,
                   auth::Grants& grants);
// "publish: [...], subscribe: [...], admin: [...]"
std::string print_grants(const auth::Grants& grants);

}  // namespace ringcast::config
