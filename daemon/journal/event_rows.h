#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "journal/sqlite.h"
#include "sse/event.h"

namespace ringcast::journal {

// The names of an event's topics, from its columns `topic` and `topics`. One connection's.
class TopicNames {
 public:
  // The database outlives it.
  explicit TopicNames(Database& database) : database_(database) {}
  Status prepare();

  // Empty for a topic whose row is gone.
  Result<std::vector<std::string>> of(uint64_t topic, bool is_only, std::string_view joined);

 private:
  Database& database_;
  Statement by_number_;
  std::unordered_map<uint64_t, std::string> known_;  // A number means one name for good. Bounded.
};

// Each of the names that LF joins.
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

// What event_of() and TopicNames read, in this order.
constexpr std::string_view kEventColumns = "seq, time, topic, topics, id, block, private";

// Is an event's type one of these, by its stored block? Without `types` any is.
[[nodiscard]] bool has_type(const std::vector<std::string>& types, std::string_view block);

// A row of kEventColumns as an event of these topics, sealed with `epoch`.
Result<std::unique_ptr<sse::Event>> event_of(const Statement& row, std::vector<std::string> topics,
                                             std::string_view epoch);
Result<std::unique_ptr<sse::Event>> event_of(const Statement& row, TopicNames& names,
                                             std::string_view epoch);

}  // namespace ringcast::journal
