#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "topics/url_pattern.h"

namespace ringcast::mercure {

inline constexpr size_t kMostMatches = 100;  // Of a request, and of a token.
inline constexpr size_t kMostMatchBytes = 4096;

// How a topic matcher of the protocol's version 1.0 (draft 08) is read.
enum class MatchType : uint8_t { kExact, kUrlPattern };
// As it stands in paths, tokens and parameters: "exact", "urlpattern".
[[nodiscard]] std::string_view name_of(MatchType type);
[[nodiscard]] std::optional<MatchType> match_type_named(std::string_view name);

// A topic matcher: "*" is every topic, whatever its type.
struct TopicMatch {
  MatchType type = MatchType::kExact;
  std::string match;
  std::shared_ptr<const topics::UrlPattern> pattern;  // Null for exact ones and "*".

  // `base`: the hub's URL, against which relative topics are resolved; may be null.
  [[nodiscard]] bool matches(std::string_view topic, const topics::Url* base) const;
};

// `base` is what relative patterns are resolved against. kInvalid when it is empty, longer than
// kMostMatchBytes, has characters that check_protocol_text() refuses, or is no URL pattern.
Result<TopicMatch> read_topic_match(MatchType type, std::string_view match,
                                    const topics::Url* base);

// Topics, matchers, ids and types of draft 08: UTF-8 without control (C0, C1, DEL) and format
// characters (Unicode's category Cf), which make what differs look the same. kInvalid says which.
Status check_protocol_text(std::string_view text);

}  // namespace ringcast::mercure
