#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sse/stream_parser.h"

namespace ringcast::sse {

// What a browser's EventSource makes of a stream (WHATWG HTML section 9.2.6): the last id stays
// until the next, an event without a name is a "message", and without data there is no event.
struct EventSource {
  explicit EventSource(size_t max_block_bytes = size_t{64} << 20) : parser(max_block_bytes) {}

  Status feed(std::string_view bytes) {
    return parser.feed(bytes, [this](Block&& block) -> Status {
      if (block.id) {
        last_id = *block.id;
      }
      if (block.retry_ms) {
        retry_ms = block.retry_ms;
      }
      if (block.data) {
        const bool is_named = block.event && !block.event->empty();
        types.push_back(is_named ? *block.event : "message");
        data.push_back(*block.data);
        ids.push_back(last_id);
      }
      return Ok{};
    });
  }

  // Feeds the bytes in pieces of one size.
  Status feed_in_pieces(std::string_view bytes, size_t piece_size) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece_size, bytes.size()))) {
      if (auto status = feed(bytes.substr(0, piece_size)); !status) {
        return status;
      }
    }
    return Ok{};
  }

  StreamParser parser;
  std::string last_id;  // What a reconnect sends.
  std::optional<uint64_t> retry_ms;
  // Of each event that was dispatched:
  std::vector<std::string> types;
  std::vector<std::string> data;
  std::vector<std::string> ids;
};

}  // namespace ringcast::sse
