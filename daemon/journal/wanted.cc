#include "journal/wanted.h"

#include <algorithm>

#include "journal/event_rows.h"
#include "topics/name.h"

namespace ringcast::journal {

namespace {

constexpr size_t kMostRemembered = 10'000;  // Topics that are remembered within one question.

}  // namespace

Status TopicRows::prepare(Database& database) {
  return database.prepare_all(
      {{&by_number, "SELECT number, name, gone_high FROM topics WHERE number = ?"},
       {&by_name, "SELECT number, name, gone_high FROM topics WHERE name = ?"},
       {&has_entry, "SELECT 1 FROM entries WHERE topic = ? AND seq = ?"}});
}

bool Wanted::wants(uint64_t seq, uint64_t topic, std::optional<std::string_view> joined) {
  if (!joined) {
    const Topic& only = of_number(topic);
    return only.is_wanted && seq > only.gone_high;
  }
  bool is_wanted = false;
  each_name(*joined, [&](std::string_view name) {
    if (is_wanted) {
      return;
    }
    // A topic that was dropped and came again has the name, but not the event.
    const Topic& one = of_name(name);
    is_wanted = one.is_wanted && seq > one.gone_high && has_entry(one.number, seq);
  });
  return is_wanted;
}

uint64_t Wanted::gone_high(uint64_t topic) {
  return of_number(topic).gone_high;
}

const Wanted::Topic& Wanted::of_number(uint64_t number) {
  if (by_number_.size() >= kMostRemembered) {
    by_number_.clear();
  }
  const auto [at, is_new] = by_number_.try_emplace(number);
  if (is_new) {
    at->second = look_up(rows_.by_number.bind(1, number));
  }
  return at->second;
}

const Wanted::Topic& Wanted::of_name(std::string_view name) {
  if (by_name_.size() >= kMostRemembered) {
    by_name_.clear();
  }
  const auto [at, is_new] = by_name_.try_emplace(std::string(name));
  if (is_new) {
    at->second = look_up(rows_.by_name.bind_text(1, at->first));
  }
  return at->second;
}

Wanted::Topic Wanted::look_up(Statement& statement) {
  Topic topic;
  Rows rows(statement);
  if (rows.next()) {
    topic.number = statement.number(0);
    topic.gone_high = statement.number(2);
    topic.is_wanted =
        numbers_.empty() ? is_chosen(statement.bytes(1)) : numbers_.contains(topic.number);
  } else if (!rows.is_done()) {
    code_ = rows.code();
  }
  return topic;
}

bool Wanted::is_chosen(std::string_view name) const {
  const auto& patterns = topics_.patterns;
  const auto& matchers = topics_.matchers;
  return std::any_of(
             patterns.begin(), patterns.end(),
             [name](const std::string& pattern) { return topics::matches(pattern, name); }) ||
         std::any_of(matchers.begin(), matchers.end(),
                     [name](const topics::MatcherRef& matcher) { return matcher->matches(name); });
}

bool Wanted::has_entry(uint64_t topic, uint64_t seq) {
  Rows rows(rows_.has_entry.bind(1, topic).bind(2, seq));
  const bool has = rows.next();
  if (!has && !rows.is_done()) {
    code_ = rows.code();
  }
  return has;
}

}  // namespace ringcast::journal
