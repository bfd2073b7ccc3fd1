#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "server/top_list.h"
#include "topics/catalog.h"

namespace ringcast::server {

// A topic, and how much comes in it.
struct BusyTopic {
  std::string name;
  std::optional<double> per_second;  // Nothing until it was looked at twice.
  size_t interests = 0;              // Groups of subscribers that want the same.
  uint64_t subscribers = 0;
  uint64_t events = 0;  // As in TopicView.
  uint64_t bytes = 0;
  int64_t lag_ms = 0;  // The age of the oldest event that some worker has not served yet.

  // Where most comes, then what most want, then what is largest.
  static bool is_busier(const BusyTopic& one, const BusyTopic& other) {
    const auto rank = [](const BusyTopic& topic) {
      return std::tuple(topic.per_second.value_or(0), topic.interests, topic.bytes);
    };
    return rank(one) != rank(other) ? rank(one) > rank(other) : one.name < other.name;
  }
};

// Walks all topics again and again, part by part, and finds the busiest. Their rates are those
// since the walk before. For one thread; Hub::scan() walks.
class TopicScan {
 public:
  static constexpr size_t kMost = 50;

  // A time without watching is over: what was looked at before it says nothing now.
  void restart(int64_t now_ms);
  // The events in a second since the topic was looked at, which is now.
  std::optional<double> look_at(topics::Topic& topic, int64_t now_ms) const;
  // A walk is complete: what it found.
  std::vector<BusyTopic> finish(int64_t now_ms);

  std::string after;       // The last topic that was looked at; empty: none in this walk.
  uint64_t looked_at = 0;  // In this walk.
  TopList<BusyTopic, BusyTopic::is_busier> busiest{kMost};

 private:
  int64_t begun_ms_ = 0;  // The first walk since restart().
  int64_t walk_ms_ = 0;   // The present one, and the one before; 0: there was none.
  int64_t last_walk_ms_ = 0;
};

}  // namespace ringcast::server
