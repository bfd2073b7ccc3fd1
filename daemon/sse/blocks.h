#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sse/event.h"

namespace ringcast::sse {

// Why events are missing; the names on the wire are the enumerators' in lower case.
enum class GapReason { kExpired, kDeleted, kLost, kLagged, kEpoch, kUnknown };
constexpr size_t kGapReasons = 6;
[[nodiscard]] std::string_view name_of(GapReason reason);

struct Gap {
  std::string requested;  // The id that the client asked to resume from, or its cursor.
  std::string resumed;    // The position before the first event that follows.
  GapReason reason = GapReason::kExpired;
  std::optional<uint64_t> missed;
};

// The first block of a stream: a comment, `retry`, and the id where the stream starts (empty: no
// id line, so that the client keeps its own). Dispatches nothing. `padding`: 2 KiB of comment
// first, for polyfills that wait for it.
[[nodiscard]] std::string first_block(uint64_t retry_ms, std::string_view id, bool padding);
// A block with only an id: moves the client's resume point.
[[nodiscard]] std::string id_block(std::string_view id);
// `text` as comment lines, split like data, and a blank line.
[[nodiscard]] std::string comment_block(std::string_view text);
// The end of a stream: `retry` for this client, and a comment that says why.
[[nodiscard]] std::string end_block(uint64_t retry_ms, std::string_view why);
// event: ringcast.gap, with `requested`, `resumed`, `reason`, `missed` as JSON (untrusted
// `requested` is escaped, and cut to 128 bytes at a character's border).
[[nodiscard]] std::string gap_block(const Gap& gap);
// The event with data {"id","time","topic","event","data"}; time in RFC 3339 with milliseconds.
[[nodiscard]] std::string envelope_block(const Event& event, std::string_view topic);
// The event as Mercure hubs write it: fields in the order event, retry, id, data.
[[nodiscard]] std::string mercure_block(const Event& event);
// How they begin a stream, and show that it is alive.
inline constexpr std::string_view kMercureHeartbeat = ":\n";
// In place of an event whose data (or envelope) is longer than the client can take.
[[nodiscard]] std::string oversize_block(const Event& event, size_t bytes);

// RFC 3339 in UTC with milliseconds: 2026-01-02T03:04:05.678Z.
[[nodiscard]] std::string format_time(int64_t unix_ms);

}  // namespace ringcast::sse
