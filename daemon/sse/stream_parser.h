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
  std::string comment;              // Comment lines joined by LF, for tools.
};

// Reads text/event-stream (WHATWG HTML section 9.2.6): CRLF, CR and LF, a leading BOM, in
// whatever pieces the bytes come. Keeping the last id over blocks is the caller's business.
class StreamParser {
 public:
  using Sink = std::function<Status(Block&& block)>;

  // `max_block_bytes` bounds a line and the block that is being gathered.
  explicit StreamParser(size_t max_block_bytes) : max_block_bytes_(max_block_bytes) {}

  // Calls `sink` for each block that ends within `input`, also such without data. Stops at its
  // first failure. kTooLarge when a block is over the limit.
  Status feed(std::string_view input, const Sink& sink);
  // The end of the input: a block that no blank line has ended is given to `sink` as well. A
  // client does not call this: it drops the unfinished block.
  Status finish(const Sink& sink);

 private:
  Status take_line(const Sink& sink);

  size_t max_block_bytes_;
  size_t block_bytes_ = 0;
  std::string line_;
  Block block_;
  bool has_fields_ = false;
  bool after_cr_ = false;
  bool at_start_ = true;
};

}  // namespace ringcast::sse
