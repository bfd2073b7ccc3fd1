#include "journal/import_topics.h"

#include <string_view>

namespace ringcast::journal {

namespace {

constexpr size_t kMostKnown = 65'536;

constexpr std::string_view kInsertTopic =
    "INSERT INTO topics(number, name, gone_high, deleted_high) VALUES (?1, ?2, 0, 0)";
constexpr std::string_view kFindTopic = R"sql(
SELECT number, nth, bytes_through FROM topics LEFT JOIN entries ON topic = number AND seq =
  (SELECT max(seq) FROM entries WHERE topic = number)
WHERE name = ?1)sql";
constexpr std::string_view kLastTopic = R"sql(
SELECT max(ifnull((SELECT max(number) FROM topics), 0),
           ifnull((SELECT max(topic) FROM entries), 0)))sql";

}  // namespace

Result<TopicTails> TopicTails::open(ToolDatabase& database) {
  auto insert = database.prepare(kInsertTopic);
  auto find = database.prepare(kFindTopic);
  for (auto* statement : {&insert, &find}) {
    if (!*statement) {
      return std::move(*statement).failure();
    }
  }
  auto last = database.integer(kLastTopic);
  if (!last) {
    return std::move(last).failure();
  }
  return TopicTails(std::move(*insert), std::move(*find), static_cast<uint64_t>(last->value_or(0)));
}

Result<TopicTails::Tail*> TopicTails::find_or_add(const std::string& topic) {
  if (const auto known = known_.find(topic); known != known_.end()) {
    return &known->second;
  }
  if (known_.size() == kMostKnown) {
    known_.clear();
  }
  auto tail = read(topic);
  if (!tail) {
    return std::move(tail).failure();
  }
  if (tail->number == 0) {
    tail->number = ++last_;
    insert_.bind(1, tail->number);
    insert_.bind(2, topic);
    if (Status inserted = insert_.run(); !inserted) {
      return std::move(inserted).failure();
    }
  }
  return &known_.emplace(topic, *tail).first->second;
}

// Number 0 when there is no such topic yet.
Result<TopicTails::Tail> TopicTails::read(const std::string& topic) {
  find_.bind(1, topic);
  auto row = find_.step();
  if (!row) {
    return std::move(row).failure();
  }
  const Tail tail = *row ? Tail{find_.number(0), find_.number(1), find_.number(2)} : Tail{};
  find_.reset();
  return tail;
}

}  // namespace ringcast::journal
