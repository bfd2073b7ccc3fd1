// Bodies of type text/event-stream: what is published of one can be published again as it went out,
// and is the same.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/requests.h"
#include "server/body_reader.h"
#include "support/identities.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringcast;        // NOLINT(google-build-using-namespace): all that is tested.
  using namespace ringcast::fuzz;  // NOLINT(google-build-using-namespace)
  const auth::Identity publisher = test::nobody();
  server::DraftReader rules(kEpoch, publisher);
  auto first = server::read_event_stream({reinterpret_cast<const char*>(data), size}, "t", rules);
  if (!first) {
    check_refusal(first.error());
    return 0;
  }
  std::string relayed;
  for (server::Draft& draft : *first) {
    require(draft.event != nullptr);
    check_draft(draft);
    // Without the broker's own ids, which nobody may publish.
    relayed += draft.event->has_publisher_id() ? draft.event->wire() : draft.event->body();
  }
  auto second = server::read_event_stream(relayed, "t", rules);
  require(second.has_value() && second->size() == first->size());
  for (size_t at = 0; at < second->size(); ++at) {
    check_draft(second->at(at));
    require(second->at(at).event->wire() == first->at(at).event->wire());
  }
  return 0;
}
