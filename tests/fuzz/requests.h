#pragma once

#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "http/response.h"
#include "server/hub.h"
#include "sse/stream_parser.h"

// What is always true of what the handlers make of a request.
namespace ringcast::fuzz {

constexpr std::string_view kEpoch = "k3f9a";

inline void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

// The blocks in bytes that we wrote ourselves.
inline std::vector<sse::Block> read_blocks(std::string_view bytes) {
  std::vector<sse::Block> blocks;
  sse::StreamParser parser(bytes.size());
  require(parser
              .feed(bytes,
                    [&](sse::Block&& block) -> Status {
                      blocks.push_back(std::move(block));
                      return Ok{};
                    })
              .has_value());
  return blocks;
}

// A refusal is an answer of the client's fault, and its body is JSON whatever it quotes.
inline void check_refusal(const Error& error) {
  const http::Response response = http::problem(error);
  require(response.status >= 400 && response.status < 500);
  require(!error.detail.empty());
  json::Reader reader;
  std::string minified;
  require(
      reader.read(response.body, [&](json::Value& root) { return root.append_minified(minified); })
          .has_value());
}

// An event is one block on the wire, with its own id and nothing else's. A comment has no fields.
inline void check_draft(server::Draft& draft) {
  if (!draft.event) {
    require(draft.comment != nullptr && !draft.comment_topics.empty());
    for (const sse::Block& block : read_blocks(*draft.comment)) {
      require(!block.event && !block.id && !block.retry_ms && !block.data);
    }
    return;
  }
  sse::Event& event = *draft.event;
  require(!event.topics().empty());
  event.seal(kEpoch, 1, 0);
  const std::vector<sse::Block> blocks = read_blocks(event.wire());
  require(blocks.size() == 1);
  require(blocks[0].id == event.id() && blocks[0].event.value_or("") == event.type());
  require(blocks[0].data == event.data() && blocks[0].retry_ms == event.retry_ms());
}

}  // namespace ringcast::fuzz
