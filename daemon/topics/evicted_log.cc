#include "topics/evicted_log.h"

#include <utility>

namespace ringcast::topics {

namespace {

size_t memory_of(const TopicNames& names) {
  size_t bytes = 0;
  if (names) {
    for (const std::string& name : *names) {
      bytes += sizeof(std::string) + name.capacity();
    }
  }
  return bytes;
}

}  // namespace

void EvictedLog::add(uint64_t seq, bool shared, TellTime now, TopicNames names) {
  if (shared) {
    names_memory_ += memory_of(names);
    shared_.push_back({seq, std::move(names)});
  } else {
    unshared_.push_back(seq);
  }
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
  names_memory_ = 0;
  marks_.reset();
  high_ = high;
  exact_above_ = high;
  marks_.push_back({when, high});
}

void EvictedLog::trim(size_t count) {
  while (size() > count) {
    const bool older_is_shared =
        !shared_.empty() && (unshared_.empty() || shared_.front().seq < unshared_.front());
    if (older_is_shared) {
      const SharedLoss oldest = shared_.pop_front();
      names_memory_ -= memory_of(oldest.names);
      exact_above_ = oldest.seq;
    } else {
      exact_above_ = unshared_.pop_front();
    }
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

void EvictedLog::collect_shared(uint64_t after, std::vector<const SharedLoss*>& out) const {
  size_t index =
      shared_.partition_point([after](const SharedLoss& loss) { return loss.seq <= after; });
  for (; index < shared_.size(); ++index) {
    out.push_back(&shared_[index]);
  }
}

}  // namespace ringcast::topics
