// Positions and ids from outside: a position has one spelling, a publisher's id that passes the
// check arrives unchanged, and nothing that was asked for breaks out of a gap event.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "sse/blocks.h"
#include "sse/event.h"
#include "sse/position.h"
#include "sse/stream_parser.h"

namespace {

using namespace ringcast::sse;  // NOLINT(google-build-using-namespace): all that is tested.

constexpr std::string_view kEpoch = "k3f9a";

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

// The one block that the bytes hold.
Block read_block(std::string_view bytes) {
  Block read;
  int blocks = 0;
  StreamParser parser(bytes.size());
  const auto status = parser.feed(bytes, [&](Block&& block) -> ringcast::Status {
    read = std::move(block);
    ++blocks;
    return ringcast::Ok{};
  });
  require(status.has_value() && blocks == 1);
  return read;
}

void check_position(std::string_view text) {
  const auto position = parse_position(text);
  if (!position) {
    return;
  }
  require(text.size() <= 32);
  require(format_position(position->epoch, position->seq) == text);
  // Such an id is the broker's own: no publisher can take it.
  require(!check_fields({.id = text}, position->epoch));
}

void check_publisher_id(std::string_view id) {
  if (id.empty() || !check_fields({.id = id}, kEpoch)) {
    return;
  }
  const auto event = Event::encode({.id = id, .data = "x"}, {});
  event->seal(kEpoch, 1, 0);
  require(event->id() == id);
  require(read_block(event->wire()).id == id);
}

void check_gap(std::string_view requested) {
  const Block block = read_block(gap_block({.requested = std::string(requested),
                                            .resumed = "k3f9a-1",
                                            .reason = GapReason::kUnknown,
                                            .missed = std::nullopt}));
  require(block.id == "k3f9a-1" && block.event == "ringcast.gap");
  require(block.data && block.data->find('\n') == std::string::npos);
  require(
      block.data->ends_with("\",\"resumed\":\"k3f9a-1\",\"reason\":\"unknown\",\"missed\":null}"));
}

void check_time(std::string_view input) {
  int64_t unix_ms = 0;
  if (input.size() >= sizeof(unix_ms)) {
    std::memcpy(&unix_ms, input.data(), sizeof(unix_ms));
    require(format_time(unix_ms).size() == std::string_view("2026-01-02T03:04:05.678Z").size());
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  check_position(input);
  check_publisher_id(input);
  check_gap(input);
  check_time(input);
  return 0;
}
