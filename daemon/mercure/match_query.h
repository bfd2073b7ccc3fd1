#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "mercure/topic_match.h"

namespace ringcast::mercure {

// Version 8, which is the stable one, and version 1.0 as in draft 08.
enum class Dialect : uint8_t { kStable, kDraft };

// What a subscriber asks for in its query.
struct MatchQuery {
  Dialect dialect = Dialect::kStable;
  std::vector<std::string> selectors;        // Of kStable: topic selectors. Without repeats.
  std::vector<TopicMatch> matches;           // Of kDraft. Without repeats.
  std::optional<std::string> last_event_id;  // The first that is not empty.
};

// Reads the decoded parameters of a subscription. `topic` makes it kStable, with `lastEventID`;
// `match`, `match_exact` and `match_urlpattern` make it kDraft, with `last_event_id`. `base`: see
// read_topic_match(). kInvalid names the parameter: neither of both, parameters of both dialects,
// more than kMostMatches, one longer than kMostMatchBytes, a matcher that is none, and any other
// name that begins with "match" in either case: the draft keeps these names for matchers to come,
// so that a mistyped one is not silently left out.
Result<MatchQuery> read_match_query(
    const std::vector<std::pair<std::string, std::string>>& parameters, const topics::Url* base);

}  // namespace ringcast::mercure
