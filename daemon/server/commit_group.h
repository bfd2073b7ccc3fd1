#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/hub.h"

namespace ringcast::server {

// The oldest events of a topic of which some have to leave the journal.
struct TrimPlan {
  topics::Topic* topic = nullptr;  // Queued, so it stays.
  uint64_t number = 0;
  size_t most = 0;  // No more than these may go.
  std::vector<topics::JournalHead> heads;
  bool is_whole = false;  // There are no more than these.
  bool is_done = false;
};

// Of the journal's file, for what waits first: it is at most a quarter, so that no publish, however
// large, takes more from the past than that.
inline uint64_t room_needed(const Submission& submission, const topics::JournalUsage& usage) {
  return std::min<uint64_t>(submission.disk_bytes, usage.limit_bytes / 4);
}

// What is written in one transaction, and what has to be put back when that fails.
struct CommitGroup {
  struct Placed {
    topics::Topic* topic = nullptr;  // Holds events that are coming, so it stays.
    uint64_t nth_before = 0;
    uint64_t bytes_before = 0;
    uint32_t coming = 0;
    bool is_recorded = false;  // Its row is in the changes.
  };

  std::vector<Submission> submissions;
  topics::Changes changes;
  std::unordered_map<topics::Topic*, Placed> placed;
  std::unordered_map<std::string, IdempotencyKeys::Answer> keys;  // New ones, in their scope.
  std::vector<TrimPlan> trims;
  std::vector<std::string> claimed;  // Topics that count for who creates them since this group.
  topics::JournalUsage usage;        // Before it.
  uint64_t freed_bytes = 0;          // By what leaves with it.
  size_t events = 0;
  uint64_t lost_own = 0;        // The seq that stands for own events without room; 0: none.
  uint64_t unwritten_high = 0;  // The highest seq of an event of the broker, which is not written.
};

}  // namespace ringcast::server
