#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "journal/sqlite.h"
#include "journal/wanted.h"

namespace ringcast::journal {

// Is it one of the names of events.topics?
[[nodiscard]] bool lists(std::string_view joined, std::string_view name);

// Topics by number and by name, and what events they hold, within one transaction. Remembers a
// bounded number of them.
class Names {
 public:
  struct Topic {
    uint64_t number = 0;
    std::string name;
    uint64_t gone_high = 0;
  };

  // `database` outlives this.
  explicit Names(Database& database) : database_(database) {}
  Status prepare();

  // Nothing when there is none.
  Result<std::optional<Topic>> find(uint64_t number);
  // Is there any entry of this event? `topic` and `topics` are its columns.
  Result<bool> is_held(uint64_t seq, uint64_t topic, std::string_view topics);
  // The names of those of its topics that it has not gone from; may be none.
  Result<std::vector<std::string>> alive_in(uint64_t seq, uint64_t topic, std::string_view topics);

 private:
  Result<std::optional<Topic>> read(Statement& statement);
  Result<bool> has_entry(uint64_t seq, uint64_t topic);
  // Those of the topics with these names that have an entry of the event.
  Result<std::vector<Topic>> holders(uint64_t seq, std::string_view topics);

  Database& database_;
  TopicRows rows_;
  std::unordered_map<uint64_t, Topic> known_;
};

}  // namespace ringcast::journal
