#include "topics/reader.h"

#include <algorithm>
#include <functional>

namespace ringcast::topics {

namespace {

// Steps through several rings in the order of their seqs.
class Merge {
 public:
  Merge(const Interest& interest, bool only_news, uint64_t after, uint64_t visible)
      : visible_(visible) {
    interest.each_topic(only_news, [&](const Topic& topic) {
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

}  // namespace

Slice read_slice(const Interest& interest, Reader reader, uint64_t visible, bool only_news,
                 const SliceLimits& limits) {
  Slice slice;
  slice.loss = find_loss(interest, reader, only_news);
  interest.each_topic(only_news, [&](const Topic& topic) {
    slice.is_on_disk = slice.is_on_disk || topic.on_disk_only_high() > reader.cursor;
  });
  if (slice.is_on_disk) {
    slice.resumed = slice.end = reader.cursor;
    return slice;
  }
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
