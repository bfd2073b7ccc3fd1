#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "journal/sqlite.h"
#include "topics/journal.h"

namespace ringcast::journal {

// Statements over the tables topics and entries, for Wanted. One connection's.
struct TopicRows {
  Statement by_number;  // number, name, gone_high; by number.
  Statement by_name;    // The same, by name.
  Statement has_entry;  // By topic and seq.
  Status prepare(Database& database);
};

// Which topics a query wants. Lives for one read transaction, as it remembers what it saw.
class Wanted {
 public:
  // Both outlive it.
  Wanted(TopicRows& rows, const topics::TopicChoice& topics)
      : rows_(rows), numbers_(topics.numbers.begin(), topics.numbers.end()), topics_(topics) {}

  // Is an event in a topic that is wanted, and not gone from it? `joined`: the names of its topics
  // if it has several.
  bool wants(uint64_t seq, uint64_t topic, std::optional<std::string_view> joined);
  // Events of the topic up to here are gone; all when the topic is.
  uint64_t gone_high(uint64_t topic);

  // What went wrong since the beginning; SQLITE_OK: nothing.
  [[nodiscard]] int code() const { return code_; }

 private:
  struct Topic {
    uint64_t number = 0;
    uint64_t gone_high = UINT64_MAX;  // Also when there is no such topic.
    bool is_wanted = false;
  };
  const Topic& of_number(uint64_t number);
  const Topic& of_name(std::string_view name);
  Topic look_up(Statement& statement);
  [[nodiscard]] bool is_chosen(std::string_view name) const;
  bool has_entry(uint64_t topic, uint64_t seq);

  TopicRows& rows_;
  std::unordered_set<uint64_t> numbers_;
  const topics::TopicChoice& topics_;
  std::unordered_map<uint64_t, Topic> by_number_;
  std::unordered_map<std::string, Topic> by_name_;
  int code_ = SQLITE_OK;
};

}  // namespace ringcast::journal
