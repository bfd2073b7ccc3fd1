#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "journal/sqlite.h"
#include "topics/journal.h"

namespace ringcast::journal {

// Where the topics end that an import adds to. Remembers a bounded number of them and finds the
// others again, for what was written since is in the database.
class TopicTails {
 public:
  // `database` outlives this.
  explicit TopicTails(Database& database) : database_(database) {}
  Status prepare();

  // The place of an event behind the topic's others. A topic that is new is put into `added`, too;
  // both are written before the next event.
  Result<topics::Placement> append(const std::string& topic, uint64_t bytes,
                                   std::vector<topics::JournalTopic>& added);

 private:
  Result<topics::Placement> read(const std::string& topic);

  Database& database_;
  Statement find_;
  int64_t last_ = 0;  // The highest number of a topic.
  std::unordered_map<std::string, topics::Placement> known_;
};

}  // namespace ringcast::journal
