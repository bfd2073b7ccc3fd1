#include "topics/ring.h"

#include <algorithm>
#include <utility>

namespace ringcast::topics {

void EvictedLog::add(uint64_t seq, bool shared, TellTime now) {
  (shared ? shared_ : unshared_).push_back(seq);
  high_ = seq;
  if (marks_.empty() || marks_.back().when != now) {
    marks_.push_back({now, seq});
  } else {
    marks_.back().high = seq;
  }
}

void EvictedLog::forget_up_to(uint64_t high, TellTime when) {
  if (high <= high_) {
    return;
  }
  unshared_.reset();
  shared_.reset();
  marks_.reset();
  high_ = high;
  exact_above_ = high;
  marks_.push_back({when, high});
}

void EvictedLog::trim(size_t count) {
  while (size() > count) {
    const bool older_is_shared =
        !shared_.empty() && (unshared_.empty() || shared_.front() < unshared_.front());
    exact_above_ = (older_is_shared ? shared_ : unshared_).pop_front();
  }
  if (size() == 0) {
    unshared_.reset();
    shared_.reset();
  }
  // The last one up to there stays: who was told then knows of all that has no number any more.
  while (marks_.size() > 1 && marks_[1].high <= exact_above_) {
    marks_.pop_front();
  }
}

uint64_t EvictedLog::high_at(TellTime told) const {
  if (told == 0) {
    return 0;
  }
  const size_t after =
      marks_.partition_point([told](const Mark& mark) { return mark.when <= told; });
  return after == 0 ? 0 : marks_[after - 1].high;
}

uint64_t EvictedLog::count_unshared(uint64_t after) const {
  return unshared_.size() -
         unshared_.partition_point([after](uint64_t seq) { return seq <= after; });
}

void EvictedLog::collect_shared(uint64_t after, std::vector<uint64_t>& out) const {
  size_t index = shared_.partition_point([after](uint64_t seq) { return seq <= after; });
  for (; index < shared_.size(); ++index) {
    out.push_back(shared_[index]);
  }
}

void Ring::append(EventRef event) {
  bytes_ += event->wire().size();
  const uint64_t seq = event->seq();
  slots_.push_back({seq, std::move(event)});
  recharge();
}

EventRef Ring::evict_oldest(TellTime now, size_t remember) {
  Slot slot = slots_.pop_front();
  bytes_ -= slot.event->wire().size();
  evicted_.add(slot.seq, slot.event->topics().size() > 1, now);
  evicted_.trim(remember);
  if (slots_.empty()) {
    slots_.reset();
  }
  recharge();
  return std::move(slot.event);
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
