#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "journal/event_walk.h"
#include "journal/sqlite.h"
#include "journal/wanted.h"
#include "topics/journal.h"

namespace ringcast::journal {

// Finds where a subscription wants to start: JournalReader::find(). The caller holds the
// transaction.
class PlaceFinder {
 public:
  // All outlive it.
  PlaceFinder(Database& database, TopicRows& topic_rows, WalkRows& walk_rows)
      : database_(database), topic_rows_(topic_rows), walk_rows_(walk_rows) {}
  Status prepare();
  Result<uint64_t> find(const topics::PlaceQuery& query);

 private:
  Result<uint64_t> find_id(const topics::PlaceQuery& query);
  Result<uint64_t> find_newest(const topics::PlaceQuery& query);
  Result<uint64_t> find_since(const topics::PlaceQuery& query);
  // The first seq from `from` on that has an event, and its time; {0, 0} when there is none.
  Result<std::pair<uint64_t, int64_t>> event_from(uint64_t from);
  // The first event at or after the time; 0 when there is none.
  Result<uint64_t> search_time(int64_t since_ms, uint64_t up_to);
  // Is the event where the walk stands wanted, and of the right type?
  Result<bool> matches(const EventWalk& walk, const topics::PlaceQuery& query);

  Database& database_;
  TopicRows& topic_rows_;
  WalkRows& walk_rows_;
  Statement by_id_;
  Statement from_;
  Statement block_;
};

}  // namespace ringcast::journal
