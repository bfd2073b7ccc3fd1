#pragma once

#include <string_view>

#include "base/result.h"

namespace ringcast::mercure {

// Both dialects: a publisher's id does not begin with "#", is not "earliest" and keeps the rules of
// check_protocol_text(), since it travels in headers too. Empty: the hub makes one. kInvalid says
// what is wrong.
Status check_update_id(std::string_view id);

// An event type keeps the rules of check_protocol_text(). "mercure" is the hub's, in version 1.0.
Status check_update_type(std::string_view type);

}  // namespace ringcast::mercure
