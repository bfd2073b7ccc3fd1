#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "journal/tool_database.h"

namespace ringcast::journal {

// Calls `visit` with each name of events.topics.
template <typename Visit>
void each_name(std::string_view joined, Visit visit) {
  for (;;) {
    const size_t end = joined.find('\n');
    visit(joined.substr(0, end));
    if (end == std::string_view::npos) {
      return;
    }
    joined.remove_prefix(end + 1);
  }
}

[[nodiscard]] bool lists(std::string_view joined, std::string_view name);

// Topics by number and by name, and what events they hold, within one transaction. Remembers a
// bounded number of them.
class Names {
 public:
  struct Topic {
    std::string name;
    uint64_t gone_high = 0;
  };

  // `database` outlives this.
  static Result<Names> open(ToolDatabase& database);

  // Null when there is none. Lives until the next call.
  Result<const Topic*> find(uint64_t number);
  // Is there any entry of this event? `topic` and `topics` are its columns.
  Result<bool> is_held(uint64_t seq, uint64_t topic, std::string_view topics);
  // The names of those of its topics that it has not gone from; may be none.
  Result<std::vector<std::string>> alive_in(uint64_t seq, uint64_t topic, std::string_view topics);

 private:
  Names(ToolStatement by_number, ToolStatement by_name, ToolStatement entry);
  Result<bool> has_entry(uint64_t seq, uint64_t topic);

  ToolStatement by_number_;
  ToolStatement by_name_;
  ToolStatement entry_;
  std::unordered_map<uint64_t, Topic> known_;
};

}  // namespace ringcast::journal
