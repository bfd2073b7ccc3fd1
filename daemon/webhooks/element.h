#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "sse/stream_parser.h"

namespace ringcast::webhooks {

// What a request can tell of.
enum class Kind {
  kPublish,
  kJoin,
  kLeave,
  kOversize,  // An event that is too large for a request.
  kGap        // Events that are not told of.
};

// One of them as JSON, as docs/webhooks.md has it.
struct Element {
  Kind kind = Kind::kPublish;
  std::string json;
  std::optional<uint64_t> missed;  // kGap: how many, if that can be known.
};

// Of a block of a stream with envelopes. Nothing for one without data.
[[nodiscard]] std::optional<Element> element_of(const sse::Block& block, json::Reader& reader);

// Events that were given up; `missed`: nothing when that cannot be known.
[[nodiscard]] std::string undelivered_json(std::optional<uint64_t> missed);
// The first of all: nothing is told of what was before, and nobody is present any more.
[[nodiscard]] std::string start_json(int64_t unix_ms);

}  // namespace ringcast::webhooks
