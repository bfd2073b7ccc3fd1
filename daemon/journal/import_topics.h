#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/result.h"
#include "journal/tool_database.h"

namespace ringcast::journal {

// Where the topics end that an import adds to; makes those that are new. Remembers a bounded number
// of them and finds the others again, for what was written since is in the database.
class TopicTails {
 public:
  struct Tail {
    uint64_t number = 0;
    uint64_t nth = 0;
    uint64_t bytes_through = 0;
  };

  // `database` outlives this.
  static Result<TopicTails> open(ToolDatabase& database);
  // To be moved on when an entry is written. Lives until the next call.
  Result<Tail*> find_or_add(const std::string& topic);

 private:
  TopicTails(ToolStatement insert, ToolStatement find, uint64_t last)
      : insert_(std::move(insert)), find_(std::move(find)), last_(last) {}
  Result<Tail> read(const std::string& topic);

  ToolStatement insert_;
  ToolStatement find_;
  uint64_t last_;  // The highest number of a topic.
  std::unordered_map<std::string, Tail> known_;
};

}  // namespace ringcast::journal
