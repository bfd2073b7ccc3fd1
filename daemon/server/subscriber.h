#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sse/blocks.h"
#include "topics/reader.h"

namespace ringcast::server {

struct Group;

// The seam to the socket of one stream. Never calls back into its caller.
class FrameSink {
 public:
  FrameSink() = default;
  FrameSink(const FrameSink&) = delete;
  FrameSink& operator=(const FrameSink&) = delete;
  virtual ~FrameSink() = default;

  // Takes as many of these bytes as go without waiting, and returns how many. When it is fewer than
  // all, Fanout::on_writable() is due once more can go. Errors count as "all taken": the owner
  // notices by itself and closes.
  virtual size_t write(std::span<const std::string_view> pieces) = 0;
  // Nothing will be written after this: the stream may be closed.
  virtual void end() = 0;
  // The stream has been told of a gap.
  virtual void told_gap(const sse::Gap& /*gap*/) {}
};

// How a subscriber wants its events to look.
struct Rendering {
  bool mercure = false;  // As its hubs write: see sse::mercure_block().
  bool envelope = false;
  std::optional<uint64_t> max_data;
  bool operator==(const Rendering&) const = default;
};

// What a stream has to send before its first slice, or at its end.
struct OwnWords {
  std::string block;                  // The response's head and the first block; the last block.
  std::string requested;              // The id that the client asked to resume from.
  std::optional<sse::GapReason> gap;  // kEpoch or kUnknown: told whatever the rings say.
  std::string id_header;              // `block` is a head that still lacks this one, and its end.
};

// The rest of the one block that a full socket has cut.
struct Rest {
  std::shared_ptr<const void> owner;  // Keeps the bytes alive.
  std::string_view bytes;
};

// A cursor into the history: all that a reader is. Belongs to its worker's Fanout.
struct Subscriber {
  FrameSink* sink = nullptr;  // The connection, which outlives it.
  Group* group = nullptr;
  topics::Reader reader;
  Rest rest;
  std::unique_ptr<OwnWords> words;  // Until the first slice has gone.
  int64_t wrote_ms = 0;      // When bytes were last taken (steady): for heartbeats and stalls.
  uint32_t index = 0;        // In group->members.
  uint32_t ready_index = 0;  // In group->ready, when is_ready.
  bool is_ready = false;
  bool is_at_tail = false;  // Has everything that is visible, whatever its cursor says.
  bool is_live = false;     // Was at the tail once, or began there: eviction waits for it.
  bool is_ended = false;    // Takes nothing more once its rest has gone.
  bool is_lagged = false;   // That is why it ended.
  bool is_waiting = false;  // For the journal.

  [[nodiscard]] bool is_blocked() const noexcept { return !rest.bytes.empty(); }
};

}  // namespace ringcast::server
