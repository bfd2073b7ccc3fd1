#include "topics/own_share.h"

namespace ringcast::topics {

namespace {

int64_t cost_of(const sse::Event& event) {
  return static_cast<int64_t>(event.memory() + 2 * sizeof(Ring::Slot));  // Rings double.
}

int64_t cost_of(const Topic& topic) {
  return static_cast<int64_t>(Catalog::cost_of(topic.name));
}

}  // namespace

void OwnShare::add(const sse::Event& event, Topic& topic) {
  bytes_ += cost_of(event);
  if (topic.ring.size() == 1) {
    by_oldest_.emplace(event.seq(), &topic);
    bytes_ += cost_of(topic);
    budget_.charge(kEntryCost);
  }
}

void OwnShare::remove(const sse::Event& event, Topic& topic) {
  bytes_ -= cost_of(event);
  by_oldest_.erase({event.seq(), &topic});
  if (!topic.ring.empty()) {
    by_oldest_.emplace(topic.ring.oldest().seq, &topic);
    return;
  }
  bytes_ -= cost_of(topic);
  budget_.release(kEntryCost);
}

}  // namespace ringcast::topics
