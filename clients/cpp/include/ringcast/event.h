#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringcast::client {

// An event as a subscriber gets it.
struct Event {
  std::string id;    // The last id that the stream gave: resume from here. May be empty.
  std::string type;  // "message" where the publisher named none.
  std::string data;  // UTF-8; lines are joined by line feeds.
};

// Events that a subscription should have got and will not get (docs/http-api.md, "ringcast.gap").
struct Gap {
  std::string reason = "unknown";  // expired, deleted, lost, lagged, epoch or unknown.
  std::string requested;           // The id that it would have gone on from.
  std::string resumed;             // The position before the first event that follows.
  std::optional<uint64_t> missed;  // How many; nothing where the broker cannot know.
  std::string data;                // All of it, as the broker sent it (JSON).
};

// Reads a gap from its JSON, for those who get one from elsewhere, such as GET /history. Nothing
// when it is no JSON object.
[[nodiscard]] [[gnu::visibility("default")]] std::optional<Gap> read_gap(std::string_view body);

}  // namespace ringcast::client
