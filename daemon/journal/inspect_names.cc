#include "journal/inspect_names.h"

#include <utility>

#include "journal/event_rows.h"

namespace ringcast::journal {

namespace {

constexpr size_t kMostNames = 65'536;

}  // namespace

bool lists(std::string_view joined, std::string_view name) {
  bool is_there = false;
  each_name(joined, [&](std::string_view listed) { is_there |= listed == name; });
  return is_there;
}

Status Names::prepare() {
  return rows_.prepare(database_);
}

Result<std::optional<Names::Topic>> Names::find(uint64_t number) {
  if (const auto known = known_.find(number); known != known_.end()) {
    return std::optional(known->second);
  }
  auto topic = read(rows_.by_number.bind(1, number));
  if (topic && *topic) {
    if (known_.size() == kMostNames) {
      known_.clear();
    }
    known_.emplace(number, **topic);
  }
  return topic;
}

Result<std::optional<Names::Topic>> Names::read(Statement& statement) {
  Rows rows(statement);
  if (rows.next()) {
    return std::optional(Topic{.number = statement.number(0),
                               .name = std::string(statement.bytes(1)),
                               .gone_high = statement.number(2)});
  }
  return rows.is_done() ? Result(std::optional<Topic>()) : database_.failure(rows.code());
}

Result<bool> Names::has_entry(uint64_t seq, uint64_t topic) {
  Rows rows(rows_.has_entry.bind(1, topic).bind(2, seq));
  const bool has = rows.next();
  return has || rows.is_done() ? Result(has) : database_.failure(rows.code());
}

Result<std::vector<Names::Topic>> Names::holders(uint64_t seq, std::string_view topics) {
  std::vector<Topic> found;
  Status done = Ok{};
  each_name(topics, [&](std::string_view name) {
    auto topic = done ? read(rows_.by_name.bind_text(1, name)) : std::optional<Topic>();
    auto holds = topic && *topic ? has_entry(seq, (*topic)->number) : Result(false);
    if (!topic || !holds) {
      done = topic ? std::move(holds).failure() : std::move(topic).failure();
    } else if (*holds) {
      found.push_back(std::move(**topic));
    }
  });
  return done ? Result(std::move(found)) : std::move(done).failure();
}

Result<bool> Names::is_held(uint64_t seq, uint64_t topic, std::string_view topics) {
  auto in_first = has_entry(seq, topic);
  if (!in_first || *in_first || topics.empty()) {
    return in_first;
  }
  auto found = holders(seq, topics);
  return found ? Result(!found->empty()) : std::move(found).failure();
}

Result<std::vector<std::string>> Names::alive_in(uint64_t seq, uint64_t topic,
                                                 std::string_view topics) {
  std::vector<Topic> found;
  if (topics.empty()) {
    auto only = find(topic);
    if (!only) {
      return std::move(only).failure();
    }
    if (*only) {
      found.push_back(std::move(**only));
    }
  } else if (auto several = holders(seq, topics)) {
    found = std::move(*several);
  } else {
    return std::move(several).failure();
  }
  std::vector<std::string> alive;
  for (Topic& one : found) {
    if (seq > one.gone_high) {
      alive.push_back(std::move(one.name));
    }
  }
  return alive;
}

}  // namespace ringcast::journal
