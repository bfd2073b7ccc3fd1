// The stream parser gives the same blocks however the bytes are cut, stays within its limit, and
// reads back whatever the encoder wrote.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sse/event.h"
#include "sse/stream_parser.h"

namespace {

using ringcast::Ok;
using ringcast::Status;
using ringcast::sse::Block;
using ringcast::sse::Event;
using ringcast::sse::EventFields;
using ringcast::sse::StreamParser;

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

struct Outcome {
  bool is_ok = true;
  std::vector<Block> blocks;
};

bool same(const Block& a, const Block& b) {
  return a.event == b.event && a.id == b.id && a.retry_ms == b.retry_ms && a.data == b.data &&
         a.comment == b.comment;
}

size_t size_of(const Block& block) {
  return block.event.value_or("").size() + block.id.value_or("").size() +
         block.data.value_or("").size() + block.comment.size();
}

// Cuts `input` into pieces of the sizes in `cuts`, over and over; not at all without cuts.
Outcome parse(std::string_view input, size_t limit, std::string_view cuts) {
  Outcome outcome;
  StreamParser parser(limit);
  const StreamParser::Sink sink = [&](Block&& block) -> Status {
    require(size_of(block) <= limit);
    outcome.blocks.push_back(std::move(block));
    return Ok{};
  };
  for (size_t turn = 0; !input.empty(); ++turn) {
    const size_t wanted =
        cuts.empty() ? input.size() : 1 + static_cast<uint8_t>(cuts[turn % cuts.size()]) % 16;
    const size_t size = std::min(wanted, input.size());
    outcome.is_ok = parser.feed(input.substr(0, size), sink).has_value();
    if (!outcome.is_ok) {
      return outcome;
    }
    input.remove_prefix(size);
  }
  outcome.is_ok = parser.finish(sink).has_value();
  return outcome;
}

void check_splits(std::string_view input, size_t limit, std::string_view cuts) {
  const Outcome whole = parse(input, limit, {});
  for (const std::string_view sizes : {std::string_view("\0", 1), cuts}) {
    const Outcome pieces = parse(input, limit, sizes);
    require(pieces.is_ok == whole.is_ok);
    require(std::equal(pieces.blocks.begin(), pieces.blocks.end(), whole.blocks.begin(),
                       whole.blocks.end(), same));
  }
}

void check_round_trip(std::string_view type, std::string_view data) {
  const EventFields fields{.type = type, .data = data};
  if (!check_fields(fields, "e")) {
    return;
  }
  const auto event = Event::encode(fields, {});
  event->seal("e", 1, 0);
  const Outcome read = parse(event->wire(), event->wire().size(), {});
  require(read.is_ok && read.blocks.size() == 1);
  const Block& block = read.blocks.front();
  require(block.id == "e-1" && block.data == event->data() && block.event.value_or("") == type);
  require(block.data->size() == event->data_bytes());
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  constexpr size_t kHead = 5;  // The limit, and four sizes of pieces.
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  if (input.size() < kHead) {
    return 0;
  }
  const size_t limit = static_cast<size_t>(bytes[0]) * 4;
  check_splits(input.substr(kHead), limit, input.substr(1, kHead - 1));
  check_round_trip(input.substr(0, bytes[0] % kHead), input.substr(kHead));
  return 0;
}
