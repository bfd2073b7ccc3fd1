#include "topics/reader.h"

#include <algorithm>
#include <functional>

namespace ringcast::topics {

namespace {

template <typename Visit>
void each_topic(const Interest& interest, bool only_news, Visit visit) {
  if (only_news) {
    for (const Topic* topic : interest.news) {
      visit(*topic);
    }
    return;
  }
  for (const Interest::Link& link : interest.topics) {
    visit(*link.topic);
  }
}

// Steps through several rings in the order of their seqs.
class Merge {
 public:
  Merge(const Interest& interest, bool only_news, uint64_t after, uint64_t visible)
      : visible_(visible) {
    each_topic(interest, only_news, [&](const Topic& topic) {
      push({.seq = 0, .ring = &topic.ring, .index = topic.ring.first_after(after)});
    });
  }

  // The next event, or null at the end. An event in several rings comes once.
  const EventRef* next() {
    while (!heads_.empty()) {
      std::pop_heap(heads_.begin(), heads_.end(), std::greater<>{});
      const Head head = heads_.back();
      heads_.pop_back();
      push({.seq = 0, .ring = head.ring, .index = head.index + 1});
      if (head.seq != last_) {
        last_ = head.seq;
        return &(*head.ring)[head.index].event;
      }
    }
    return nullptr;
  }

 private:
  struct Head {
    uint64_t seq;
    const Ring* ring;
    size_t index;
    bool operator>(const Head& other) const { return seq > other.seq; }
  };

  void push(Head head) {
    if (head.index >= head.ring->size()) {
      return;
    }
    head.seq = (*head.ring)[head.index].seq;
    if (head.seq <= visible_) {
      heads_.push_back(head);
      std::push_heap(heads_.begin(), heads_.end(), std::greater<>{});
    }
  }

  uint64_t visible_;
  uint64_t last_ = 0;
  std::vector<Head> heads_;
};

bool comes_through_another(const Interest& interest, uint64_t seq) {
  return std::any_of(interest.topics.begin(), interest.topics.end(),
                     [seq](const Interest::Link& link) {
                       const Ring& ring = link.topic->ring;
                       return !ring.empty() && ring.oldest().seq <= seq && ring.contains(seq);
                     });
}

// Gathers what several topics have lost into one loss.
class LossCount {
 public:
  LossCount(const Interest& interest, Reader reader) : interest_(interest), reader_(reader) {}

  void add(const Topic& topic) {
    const EvictedLog& evicted = topic.ring.evicted();
    if (evicted.high() <= reader_.cursor) {
      return;
    }
    const uint64_t after = std::max(reader_.cursor, evicted.high_at(reader_.told));
    if (evicted.high() <= after) {
      return;
    }
    if (after < evicted.exact_above()) {
      note(topic.deleted_high >= evicted.high(), topic.policy->lagged);
      is_exact_ = false;
      return;
    }
    const size_t shared_before = shared_.size();
    evicted.collect_shared(after, shared_);
    // What still comes through another topic is no loss, whatever this topic's policy is.
    shared_.erase(
        std::remove_if(shared_.begin() + static_cast<std::ptrdiff_t>(shared_before), shared_.end(),
                       [&](uint64_t seq) { return comes_through_another(interest_, seq); }),
        shared_.end());
    const uint64_t unshared = evicted.count_unshared(after);
    count_ += unshared;
    uint64_t last_lost = unshared > 0 ? evicted.last_unshared() : 0;
    if (shared_.size() > shared_before) {
      last_lost = std::max(last_lost, shared_.back());
    }
    if (last_lost > 0) {
      note(topic.deleted_high >= last_lost, topic.policy->lagged);
    }
  }

  void add(const PatternWatch& watch) {
    if (watch.gone.high > reader_.cursor && watch.gone.when > reader_.told) {
      note(watch.gone.deleted_high >= watch.gone.high, Lagged::kSkip);
      is_exact_ = false;
    }
  }

  std::optional<Loss> result() {
    if (!is_lost_) {
      return std::nullopt;
    }
    std::sort(shared_.begin(), shared_.end());  // Several of the topics may have lost it.
    shared_.erase(std::unique(shared_.begin(), shared_.end()), shared_.end());
    count_ += shared_.size();
    loss_.missed = is_exact_ && interest_.types.empty() ? std::optional(count_) : std::nullopt;
    return loss_;
  }

 private:
  void note(bool deleted, Lagged lagged) {
    is_lost_ = true;
    loss_.all_deleted = loss_.all_deleted && deleted;
    loss_.disconnect = loss_.disconnect || (lagged == Lagged::kDisconnect && !deleted);
  }

  const Interest& interest_;
  Reader reader_;
  Loss loss_;
  uint64_t count_ = 0;
  bool is_lost_ = false;
  bool is_exact_ = true;
  std::vector<uint64_t> shared_;
};

}  // namespace

std::optional<Loss> find_loss(const Interest& interest, Reader reader, bool only_news) {
  LossCount count(interest, reader);
  each_topic(interest, only_news, [&](const Topic& topic) { count.add(topic); });
  for (const PatternWatch* watch : interest.watches) {
    count.add(*watch);
  }
  std::optional<Loss> loss = count.result();
  // To be told of a gap is to be told of all of them: also of losses in topics whose news the
  // worker has not taken yet, as they are older than the telling.
  return loss && only_news ? find_loss(interest, reader, false) : loss;
}

Slice read_slice(const Interest& interest, Reader reader, uint64_t visible, bool only_news,
                 const SliceLimits& limits) {
  Slice slice;
  slice.loss = find_loss(interest, reader, only_news);
  Merge merge(interest, only_news, reader.cursor, visible);
  size_t bytes = 0;
  size_t looked_at = 0;
  slice.end = reader.cursor;
  const EventRef* event = merge.next();
  for (; event != nullptr; event = merge.next()) {
    if (bytes >= limits.bytes || slice.events.size() >= limits.events ||
        looked_at >= limits.looked_at) {
      break;
    }
    ++looked_at;
    slice.end = (*event)->seq();
    if (interest.wants(**event)) {
      bytes += (*event)->wire().size();
      slice.events.push_back(*event);
    }
  }
  if (event == nullptr) {
    slice.end = std::max(visible, reader.cursor);
  }
  slice.resumed = slice.events.empty() ? slice.end : slice.events.front()->seq() - 1;
  return slice;
}

}  // namespace ringcast::topics
