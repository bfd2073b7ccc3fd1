#include "server/own_events.h"

#include <string>
#include <utility>

namespace ringcast::server {

Draft own_event(std::string_view topic, std::string_view type, std::string_view json,
                bool is_private) {
  Draft draft;
  draft.event = sse::Event::encode({.type = type, .data = json, .is_private = is_private},
                                   {std::string(topic)});
  return draft;
}

void publish_own(Hub& hub, std::vector<Draft> events, const std::function<void(bool)>& done) {
  if (!hub.has_journal()) {
    done(hub.publish(events, Publisher(), Hub::kNoWorker).has_value());
    return;
  }
  const Status taken =
      hub.submit(events, Publisher(), {},
                 [done](const Result<Receipt>& receipt, const std::vector<Draft>& /*drafts*/) {
                   done(receipt.has_value());
                 });
  if (!taken) {
    done(false);
    return;
  }
  hub.release_submissions();
}

}  // namespace ringcast::server
