#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mercure/access_token.h"
#include "mercure/topic_match.h"
#include "topics/matcher.h"

namespace ringcast::mercure {

// A topic selector of the protocol's version 8: "*" for all, a topic, or a URI template, which also
// names the topic that it is itself. A text with "{" that is no template is a topic.
struct Selector {
  topics::MatcherRef matcher;  // Null: only the topic of this name.
};
[[nodiscard]] Selector read_selector(std::string_view text);

// All topics but `root` and what is below it.
[[nodiscard]] topics::MatcherRef match_all_but(std::string_view root);

// A matcher of the protocol's version 1.0. `base`: see TopicMatch; may be null.
[[nodiscard]] Selector read_selector(const TopicMatch& match, const topics::Url* base);

// Those of a token. Null without any.
[[nodiscard]] topics::SelectorsRef select(const std::vector<std::string>& texts);
[[nodiscard]] topics::SelectorsRef select(const AccessToken& token, Action action,
                                          const topics::Url* base);

}  // namespace ringcast::mercure
