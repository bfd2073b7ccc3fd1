#include "journal/import_topics.h"

namespace ringcast::journal {

namespace {

constexpr size_t kMostTails = 65'536;

constexpr std::string_view kFindTopic = R"sql(
SELECT number, nth, bytes_through FROM topics LEFT JOIN entries ON topic = number AND seq =
  (SELECT max(seq) FROM entries WHERE topic = number)
WHERE name = ?)sql";
constexpr std::string_view kLastTopic = R"sql(
SELECT max(ifnull((SELECT max(number) FROM topics), 0),
           ifnull((SELECT max(topic) FROM entries), 0)))sql";

}  // namespace

Status TopicTails::prepare() {
  if (Status prepared = database_.prepare_all({{&find_, kFindTopic}}); !prepared) {
    return prepared;
  }
  return database_.read_numbers({{kLastTopic, &last_}});
}

Result<topics::Placement> TopicTails::append(const std::string& topic, uint64_t bytes,
                                             std::vector<topics::JournalTopic>& added) {
  auto known = known_.find(topic);
  if (known == known_.end()) {
    auto tail = read(topic);
    if (!tail) {
      return tail;
    }
    if (tail->topic == 0) {
      tail->topic = static_cast<uint64_t>(++last_);
      added.push_back({.number = tail->topic, .name = topic});
    }
    if (known_.size() == kMostTails) {
      known_.clear();
    }
    known = known_.emplace(topic, *tail).first;
  }
  topics::Placement& tail = known->second;
  ++tail.nth;
  tail.bytes_through += bytes;
  return tail;
}

// Of topic 0 when there is no such topic yet.
Result<topics::Placement> TopicTails::read(const std::string& topic) {
  Rows rows(find_.bind_text(1, topic));
  if (rows.next()) {
    return topics::Placement{find_.number(0), find_.number(1), find_.number(2)};
  }
  return rows.is_done() ? Result(topics::Placement{}) : database_.failure(rows.code());
}

}  // namespace ringcast::journal
