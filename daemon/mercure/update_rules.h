#pragma once

#include <string_view>

#include "base/result.h"
#include "topics/url.h"

namespace ringcast::mercure {

// Both dialects: a publisher's id does not begin with "#", is not "earliest" and keeps the rules of
// check_protocol_text(), since it travels in headers too. Empty: the hub makes one. kInvalid says
// what is wrong.
Status check_update_id(std::string_view id);

// An event type keeps the rules of check_protocol_text(). "mercure" is the hub's, in version 1.0.
Status check_update_type(std::string_view type);

// Does a topic name something below the hub, whatever its scheme and host? Such topics are the
// hub's own: whoever could publish to them could forge subscription events. `hub` is the hub's URL;
// spellings count as little as in a request: "/.well-known/%6Dercure/x",
// "/a/../.well-known/mercure". A topic that is no URL is none of them.
[[nodiscard]] bool is_below_hub(std::string_view topic, const topics::Url& hub);

}  // namespace ringcast::mercure
