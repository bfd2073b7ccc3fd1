// The client's parser reads the same however the bytes are cut and wherever it is stopped, stays
// within its limit, and hands over nothing but UTF-8.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "cpp/src/event_parser.h"

namespace {

using ringcast::is_utf8;
using ringcast::client::Event;
using ringcast::client::EventParser;

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

class Collector final : public EventParser::Sink {
 public:
  explicit Collector(bool stops) : stops_(stops) {}
  void on_event(Event event) override {
    require(is_utf8(event.id) && is_utf8(event.type) && is_utf8(event.data));
    seen.push_back("event " + event.id + "\n" + event.type + "\n" + event.data);
    wants_more_ = !stops_;
  }
  void on_comment(std::string_view line) override {
    require(is_utf8(line));
    seen.push_back("comment " + std::string(line));
    wants_more_ = !stops_;
  }
  void on_retry(uint64_t retry_ms) override { seen.push_back("retry " + std::to_string(retry_ms)); }
  [[nodiscard]] bool wants_more() const override { return wants_more_; }
  void go_on() { wants_more_ = true; }

  std::vector<std::string> seen;

 private:
  bool stops_;
  bool wants_more_ = true;
};

struct Outcome {
  std::vector<std::string> seen;
  std::string last_event_id;
  bool is_too_large = false;
  bool operator==(const Outcome&) const = default;
};

// Cuts `input` into pieces of the sizes in `cuts`, over and over; not at all without cuts.
Outcome parse(std::string_view input, size_t limit, std::string_view cuts, bool stops) {
  EventParser parser(limit, "");
  Collector collector(stops);
  for (size_t turn = 0; !input.empty() && !parser.is_too_large(); ++turn) {
    const size_t wanted =
        cuts.empty() ? input.size() : 1 + static_cast<uint8_t>(cuts[turn % cuts.size()]) % 16;
    const std::string_view piece = input.substr(0, wanted);
    collector.go_on();
    const size_t used = parser.feed(piece, collector);
    require(used == piece.size() || parser.is_too_large() || !collector.wants_more());
    require(used > 0 || parser.is_too_large());
    input.remove_prefix(used);
  }
  return {collector.seen, parser.last_event_id(), parser.is_too_large()};
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
  const std::string_view stream = input.substr(kHead);
  const Outcome whole = parse(stream, limit, {}, false);
  for (const std::string_view cuts : {std::string_view("\0", 1), input.substr(1, kHead - 1)}) {
    require(parse(stream, limit, cuts, false) == whole);
    require(parse(stream, limit, cuts, true) == whole);
  }
  return 0;
}
