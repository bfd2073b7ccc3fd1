#include "server/topic_scan.h"

#include <utility>

namespace ringcast::server {

void TopicScan::restart(int64_t now_ms) {
  after.clear();
  looked_at = 0;
  (void)busiest.take();
  begun_ms_ = walk_ms_ = now_ms;
  last_walk_ms_ = 0;
}

std::optional<double> TopicScan::look_at(topics::Topic& topic, int64_t now_ms) const {
  const uint64_t published = topic.published;
  const uint64_t before = std::exchange(topic.looked_published, published);
  const int64_t looked_ms = std::exchange(topic.looked_ms, now_ms);
  const auto rate = [&](uint64_t events, int64_t since_ms) {
    return static_cast<double>(events) * 1000 / static_cast<double>(now_ms - since_ms);
  };
  if (looked_ms >= begun_ms_ && looked_ms < now_ms && begun_ms_ > 0) {
    return rate(published - before, looked_ms);
  }
  // It has appeared since the walk before.
  if (looked_ms == 0 && last_walk_ms_ > 0 && last_walk_ms_ < now_ms) {
    return rate(published, last_walk_ms_);
  }
  return std::nullopt;
}

std::vector<BusyTopic> TopicScan::finish(int64_t now_ms) {
  after.clear();
  looked_at = 0;
  last_walk_ms_ = std::exchange(walk_ms_, now_ms);
  return busiest.take();
}

}  // namespace ringcast::server
