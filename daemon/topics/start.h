#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sse/blocks.h"
#include "topics/retention.h"

namespace ringcast::topics {

// From where a subscription without an id wants to start.
struct Since {
  enum class Kind { kLatest, kEarliest, kNewest, kTime };
  Kind kind = Kind::kLatest;
  uint64_t count = 0;   // kNewest: so many.
  int64_t unix_ms = 0;  // kTime
};

// Reads "latest", "earliest", "-N", RFC 3339 time (a space in place of "+"), unix seconds, or an
// age such as "10m" (ms, s, m, h, d). kInvalid names the forms.
Result<Since> parse_since(std::string_view text, int64_t now_unix_ms);

struct StartRequest {
  std::string last_event_id;  // Non-empty: counts instead of `since`.
  Since since;
};

// Where a stream starts.
struct Start {
  uint64_t cursor = 0;
  bool forget_losses = false;         // `since` asks for what is there: never a gap event.
  std::optional<sse::GapReason> gap;  // kEpoch or kUnknown: to be told before anything else.
  std::optional<PlaceQuery> ask;      // Only the journal knows: see found_start().
};

// Finds the place that an id or `since` means, in the order that docs/http-api.md names. The
// interest is joined; the hub's lock held.
[[nodiscard]] Start find_start(const StartRequest& request, const Interest& interest,
                               const PublisherIds& ids, std::string_view epoch, uint64_t committed);
// The same where there is a journal: what has left the rings counts too.
[[nodiscard]] Start find_start_on_disk(const StartRequest& request, const Interest& interest,
                                       std::string_view epoch, uint64_t committed);
// What the journal's answer to Start::ask means: the seq of an event, 0 for none.
[[nodiscard]] Start found_start(const StartRequest& request, const PlaceQuery& asked,
                                uint64_t found);

// The topics of an interest as a journal is asked for them: by number while they are few.
[[nodiscard]] TopicChoice choose_topics(const Interest& interest);

}  // namespace ringcast::topics
