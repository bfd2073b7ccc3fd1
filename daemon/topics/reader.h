#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "topics/catalog.h"

namespace ringcast::topics {

// How much one slice may hold, so that a turn of the loop and the hub's lock stay short.
struct SliceLimits {
  size_t bytes = 64 << 10;
  size_t events = 512;
  size_t looked_at = 4096;  // Events, also such that the type filter leaves out.
};

// Where a reader is.
struct Reader {
  uint64_t cursor = 0;       // It has everything up to here, or was told.
  TellTime told = 0;         // When it was last told of a gap; 0: never.
  bool skips_holes = false;  // It asked for what is there: a hole in the journal is no gap to it.
};

// Events that are gone and that the reader was not told of.
struct Loss {
  std::optional<uint64_t> missed;  // Nothing where the number cannot be known.
  bool all_deleted = true;         // By DELETE, not by retention.
  bool by_crash = false;           // A hole in the journal.
  bool disconnect = false;         // A topic that lost events wants laggards disconnected.
};

// The next events for a reader, in order and each once, and what is missing before them.
struct Slice {
  std::optional<Loss> loss;
  std::vector<EventRef> events;
  uint64_t resumed = 0;     // Just before the first event, or `end` without one.
  uint64_t end = 0;         // The cursor after this slice.
  bool is_on_disk = false;  // What comes next has left the rings: read it from the journal.
};

// What lies in (reader.cursor, visible] of the interest's topics. With `only_news` just the topics
// in interest.news are looked at: right for a reader who had everything before those. Call it with
// the hub's lock held.
[[nodiscard]] Slice read_slice(const Interest& interest, Reader reader, uint64_t visible,
                               bool only_news, const SliceLimits& limits);

// Where the machine ended before events were safe: see JournalStart.
using Holes = std::vector<std::pair<uint64_t, uint64_t>>;
// A slice ends before a hole, and a reader that stands before one is told.
void mind_holes(const Holes& holes, Reader reader, Slice& slice);

// What the reader has lost, without reading on.
[[nodiscard]] std::optional<Loss> find_loss(const Interest& interest, Reader reader,
                                            bool only_news);

}  // namespace ringcast::topics
