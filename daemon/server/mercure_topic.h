#pragma once

#include <memory>
#include <optional>
#include <string>

#include "mercure/topic_match.h"

namespace ringcast::server {

// What a Mercure subscriber named, for the lists of subscriptions and the events that tell of them.
struct MercureTopic {
  std::optional<mercure::MatchType> type;  // Nothing: a selector of the protocol's version 8.
  std::string text;
  // What its token says of who it is: JSON; null: nothing. Topics of one stream share it.
  std::shared_ptr<const std::string> payload;

  [[nodiscard]] std::string payload_text() const { return payload ? *payload : std::string(); }
};

}  // namespace ringcast::server
