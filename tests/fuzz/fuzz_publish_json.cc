// JSON bodies of POST /events: all or nothing, and what is taken is on the wire what it was.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/requests.h"
#include "server/body_reader.h"
#include "support/identities.h"
#include "topics/name.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringcast;        // NOLINT(google-build-using-namespace): all that is tested.
  using namespace ringcast::fuzz;  // NOLINT(google-build-using-namespace)
  static json::Reader reader;
  const auth::Identity publisher = test::nobody();
  server::DraftReader rules(kEpoch, publisher);
  auto drafts = server::read_json({reinterpret_cast<const char*>(data), size}, rules, reader);
  if (!drafts) {
    check_refusal(drafts.error());
    return 0;
  }
  for (server::Draft& draft : *drafts) {
    check_draft(draft);
    for (const std::string& topic : draft.event ? draft.event->topics() : draft.comment_topics) {
      require(topics::check_topic(topic).has_value() && !topics::is_reserved(topic));
    }
    require(draft.key.size() <= server::kMostKeyBytes);
  }
  return 0;
}
