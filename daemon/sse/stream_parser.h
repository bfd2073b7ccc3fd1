#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringcast::sse {

// One block of a text/event-stream: what stood in it, nothing carried over from earlier ones.
struct Block {
  std::optional<std::string> event;
  std::optional<std::string> id;  // Not set by an id line with NUL in it.
  std::optional<uint64_t> retry_ms;
  std::optional<std::string> data;  // Lines joined by LF; nothing when there was no data line.
  // Comment lines joined by LF, without one space after the colon; for tools.
  std::string comment;
};

// Reads text/event-stream (WHATWG HTML section 9.2.6): CRLF, CR and LF, a leading BOM, in
// whatever pieces the bytes come. Keeping the last id over blocks is the caller's business.
class StreamParser {
 public:
  using Sink = std::function<Status(Block&& block)>;

  // `max_block_bytes` bounds a line and the block that is being gathered: the bytes of its lines,
  // comments and unknown fields included, and one for each line end between them.
  explicit StreamParser(size_t max_block_bytes) : max_block_bytes_(max_block_bytes) {}

  // Calls `sink` for each block that ends within `input`, also such without data. Stops at its
  // first failure. kTooLarge when a block is over the limit. After a failure the parser is done.
  Status feed(std::string_view input, const Sink& sink);
  // The end of the input: a block that no blank line has ended is given to `sink` as well. A
  // client does not call this: it drops the unfinished block.
  Status finish(const Sink& sink);

 private:
  Status take_part(std::string_view part, const Sink& sink);
  Status take_line(std::string_view line, const Sink& sink);
  Status end_block(const Sink& sink);

  size_t max_block_bytes_;
  size_t block_bytes_ = 0;  // Of the finished lines in block_.
  std::string line_;        // The beginning of a line whose end has not come yet.
  Block block_;
  bool has_lines_ = false;
  bool has_comment_ = false;
  bool after_cr_ = false;
  bool at_start_ = true;  // Until the first line is complete: only there may a BOM stand.
};

}  // namespace ringcast::sse
