// NDJSON: however a body is cut, and however often memory is out in between, the same lines are
// published and the same answer is given.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/requests.h"
#include "server/ndjson_ingest.h"
#include "support/identities.h"

namespace {

using namespace ringcast;        // NOLINT(google-build-using-namespace): all that is tested.
using namespace ringcast::fuzz;  // NOLINT(google-build-using-namespace)
using State = server::NdjsonIngest::State;

constexpr uint64_t kLineLimit = 100;

struct Outcome {
  std::string published;
  std::string answer;
  bool operator==(const Outcome&) const = default;
};

class Run {
 public:
  explicit Run(unsigned busy) : busy_(busy) {}

  void feed(std::string_view bytes) {
    ingest_.feed(bytes);
    advance();
  }

  Outcome finish() {
    ingest_.finish();
    advance();
    require(state_ == State::kDone);
    outcome_.answer = ingest_.response().body;
    return outcome_;
  }

 private:
  void advance() {
    while (state_ != State::kDone) {
      state_ = ingest_.advance([this](auto& drafts) { return publish(drafts); }, reader());
      if (state_ == State::kMore) {
        return;
      }
    }
  }

  static json::Reader& reader() {
    static json::Reader one;
    return one;
  }

  // Says "not now" to each `busy_`th attempt.
  std::optional<Result<server::Receipt>> publish(std::vector<server::Draft>& drafts) {
    if (busy_ > 0 && ++attempts_ % busy_ == 0) {
      return Result<server::Receipt>(fail(Errc::kBehind, "no memory"));
    }
    server::Receipt receipt;
    for (server::Draft& draft : drafts) {
      check_draft(draft);
      outcome_.published += draft.event ? draft.event->wire() : *draft.comment;
      ++receipt.accepted;
    }
    return Result<server::Receipt>(receipt);
  }

  unsigned busy_;
  unsigned attempts_ = 0;
  State state_ = State::kMore;
  server::NdjsonIngest ingest_{test::shared_nobody(), kEpoch, kLineLimit};
  Outcome outcome_;
};

Outcome in_pieces(std::string_view input, size_t size, unsigned busy) {
  Run run(busy);
  for (size_t at = 0; at < input.size(); at += size) {
    run.feed(input.substr(at, size));
  }
  return run.finish();
}

Outcome in_two(std::string_view input, size_t at) {
  Run run(0);
  run.feed(input.substr(0, at));
  run.feed(input.substr(at));
  return run.finish();
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Outcome whole = in_pieces(input, std::max<size_t>(size, 1), 0);
  require(in_pieces(input, 1, 0) == whole);
  require(in_pieces(input, 7, 2) == whole);
  // Every place is tried in small inputs, some in large ones.
  for (size_t at = 1; at < size; at += 1 + size / 64) {
    require(in_two(input, at) == whole);
  }
  return 0;
}
