#include "topics/ring.h"

#include <algorithm>
#include <utility>

namespace ringcast::topics {

void Ring::append(EventRef event) {
  bytes_ += event->wire().size();
  const uint64_t seq = event->seq();
  slots_.push_back({seq, std::move(event)});
  recharge();
}

EventRef Ring::evict_oldest(TellTime now, size_t remember) {
  EventRef event = page_out_oldest();
  evicted_.add(event->seq(), event->topics().size() > 1, now);
  evicted_.trim(remember);
  recharge();
  return event;
}

EventRef Ring::page_out_oldest() {
  Slot slot = slots_.pop_front();
  bytes_ -= slot.event->wire().size();
  if (slots_.empty()) {
    slots_.reset();
  }
  recharge();
  return std::move(slot.event);
}

void Ring::note_loss(uint64_t seq, TopicNames names, TellTime now, size_t remember) {
  const bool is_shared = names != nullptr;
  evicted_.add(seq, is_shared, now, std::move(names));
  evicted_.trim(remember);
  recharge();
}

void Ring::trim_evicted(size_t remember) {
  evicted_.trim(remember);
  recharge();
}

size_t Ring::first_after(uint64_t seq) const {
  // Most readers are at the tail: look there before searching.
  if (slots_.empty() || slots_.back().seq <= seq) {
    return slots_.size();
  }
  if (slots_.size() == 1 || slots_[slots_.size() - 2].seq <= seq) {
    return slots_.size() - 1;
  }
  return slots_.partition_point([seq](const Slot& slot) { return slot.seq <= seq; });
}

size_t Ring::first_since(int64_t unix_ms) const {
  return slots_.partition_point(
      [unix_ms](const Slot& slot) { return slot.event->time_ms() < unix_ms; });
}

bool Ring::contains(uint64_t seq) const {
  const size_t index = slots_.partition_point([seq](const Slot& slot) { return slot.seq < seq; });
  return index < slots_.size() && slots_[index].seq == seq;
}

void Ring::recharge() {
  const size_t now = slots_.memory() + evicted_.memory();
  if (now > charged_) {
    budget_.charge(now - charged_);
  } else {
    budget_.release(charged_ - now);
  }
  charged_ = now;
}

}  // namespace ringcast::topics
