#pragma once

#include <optional>
#include <string>
#include <tuple>

#include "mercure/topic_match.h"

namespace ringcast::server {

// What a Mercure subscriber named, for the lists of subscriptions and the events that tell of them.
struct MercureTopic {
  std::optional<mercure::MatchType> type;  // Nothing: a selector of the protocol's version 8.
  std::string text;
  std::string payload;  // What its token says of who it is: JSON, or empty.
};

}  // namespace ringcast::server
