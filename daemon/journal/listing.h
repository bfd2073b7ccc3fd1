#pragma once

#include <memory>
#include <string>
#include <vector>

#include "journal/event_rows.h"
#include "journal/sqlite.h"
#include "topics/journal.h"

namespace ringcast::journal {

// What the hub asks the writer's connection: what there is, and what is oldest.
class Listing {
 public:
  // The database outlives it.
  explicit Listing(Database& database) : database_(database), names_(database) {}
  Status prepare(std::string epoch);

  Result<std::vector<topics::StoredTopic>> topics(uint64_t after, size_t limit);
  Result<std::vector<std::unique_ptr<sse::Event>>> newest(uint64_t before, size_t limit,
                                                          size_t bytes);
  Result<std::vector<topics::JournalKey>> keys();
  Result<std::vector<topics::JournalHead>> oldest_of(uint64_t topic, uint64_t gone_high,
                                                     size_t limit, uint64_t bytes);
  Result<std::vector<topics::JournalHead>> oldest(size_t limit, uint64_t bytes);

 private:
  Status measure(topics::StoredTopic& topic);
  // Of the event's wire block, and its time.
  Result<uint64_t> wire_bytes(uint64_t seq, int64_t& time_ms);
  Result<std::vector<topics::JournalHead>> heads(Statement& statement, uint64_t bytes);

  Database& database_;
  TopicNames names_;
  std::string epoch_;
  Statement topics_;
  Statement first_entry_;
  Statement last_entry_;
  Statement sizes_;
  Statement newest_;
  Statement keys_;
  Statement oldest_of_;
  Statement oldest_;
};

}  // namespace ringcast::journal
