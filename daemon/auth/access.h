#pragma once

#include <string_view>

#include "auth/authenticator.h"
#include "base/result.h"

// May somebody do this? kUnauthorized for those without credentials, kForbidden for a good token
// without the grant; both name what was asked for, the second also what is granted.
namespace ringcast::auth {

Status check_publish(const Identity& who, std::string_view topic);
// The pattern has to be covered by one granted pattern: it is never narrowed.
Status check_subscribe(const Identity& who, std::string_view pattern);
// `route`: metrics, topics, history or delete.
Status check_admin(const Identity& who, std::string_view route);

}  // namespace ringcast::auth
