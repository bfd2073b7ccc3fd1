// Last-Event-ID and since, each a line: a strange id never keeps anybody from reading, and where a
// stream starts is a place in its history.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/requests.h"
#include "sse/blocks.h"
#include "support/fake_clock.h"
#include "topics/start.h"

namespace {

using namespace ringcast;        // NOLINT(google-build-using-namespace): all that is tested.
using namespace ringcast::fuzz;  // NOLINT(google-build-using-namespace)

constexpr uint64_t kPublished = 20;
constexpr uint64_t kKept = 10;

server::Draft draft_of(std::string_view id) {
  server::Draft draft;
  draft.event = sse::Event::encode({.id = id, .data = "x"}, {"t"});
  return draft;
}

// Twenty events of which ten are left, some with ids of their publisher.
server::Hub& history() {
  static FakeClock clock;
  static const std::unique_ptr<server::Hub> hub = [] {
    server::Options options;
    options.policies.fallback.events = kKept;
    options.policies.fallback.grace_ms = 0;
    auto made = std::make_unique<server::Hub>(options, std::string(kEpoch), clock);
    for (uint64_t number = 0; number < kPublished; ++number) {
      std::vector<server::Draft> drafts;
      drafts.push_back(draft_of(number % 4 == 0 ? "own-" + std::to_string(number) : ""));
      require(made->publish(drafts, {}, server::Hub::kNoWorker).has_value());
    }
    return made;
  }();
  return *hub;
}

void check_start(const topics::StartRequest& request) {
  topics::Interest interest;
  interest.patterns = {"t"};
  const auto page = history().history(interest, request, 100);
  require(page.has_value());
  require(page->slice.events.size() <= kKept);
  uint64_t last = 0;
  for (const topics::EventRef& event : page->slice.events) {
    require(event->seq() > last && event->seq() <= kPublished);
    last = event->seq();
  }
  if (page->gap == sse::GapReason::kUnknown || page->gap == sse::GapReason::kEpoch) {
    require(page->slice.events.size() == kKept);  // Everything that is kept follows.
    const auto blocks = read_blocks(sse::gap_block({.requested = request.last_event_id,
                                                    .resumed = "k3f9a-1",
                                                    .reason = *page->gap,
                                                    .missed = std::nullopt}));
    require(blocks.size() == 1 && blocks[0].id == "k3f9a-1");
  }
}

void check_since(std::string_view text) {
  for (const int64_t now :
       {int64_t{0}, int64_t{1'700'000'000'000}, std::numeric_limits<int64_t>::max()}) {
    const auto since = topics::parse_since(text, now);
    if (!since) {
      check_refusal(since.error());
      continue;
    }
    check_start({.last_event_id = {}, .since = *since});
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\n');
  check_start({.last_event_id = std::string(input.substr(0, end)), .since = {}});
  if (end != std::string_view::npos) {
    check_since(input.substr(end + 1));
  }
  return 0;
}
