#include "journal/listing.h"

#include <utility>

namespace ringcast::journal {

namespace {

using topics::JournalHead;
using topics::StoredTopic;

constexpr size_t kIdLineBytes = 5;  // "id: " and the line's end.

}  // namespace

Status Listing::prepare(std::string epoch) {
  epoch_ = std::move(epoch);
  const std::string newest = "SELECT " + std::string(kEventColumns) +
                             " FROM events WHERE seq < ? ORDER BY seq DESC LIMIT ?";
  if (auto prepared = database_.prepare_all(
          {{&topics_,
            "SELECT number, name, gone_high, deleted_high, private FROM topics WHERE number > ?"
            " ORDER BY number LIMIT ?"},
           {&first_entry_,
            "SELECT seq, nth, bytes_through FROM entries WHERE topic = ? AND seq > ?"
            " ORDER BY seq LIMIT 1"},
           {&last_entry_,
            "SELECT seq, nth, bytes_through FROM entries WHERE topic = ? ORDER BY seq DESC LIMIT "
            "1"},
           // The lengths are known without reading a long block.
           {&sizes_,
            "SELECT time, length(block), length(CAST(id AS BLOB)) FROM events WHERE seq = ?"},
           {&newest_, newest},
           {&keys_, "SELECT key, accepted, first_id, last_id, time FROM keys ORDER BY time"},
           {&oldest_of_,
            "SELECT e.seq, v.time, v.topic, v.topics, e.nth, e.bytes_through, length(v.block)"
            " FROM entries e"
            " LEFT JOIN events v ON v.seq = e.seq WHERE e.topic = ? AND e.seq > ?"
            " ORDER BY e.seq LIMIT ?"},
           {&oldest_,
            "SELECT seq, time, topic, topics, 0, 0, length(block) FROM events"
            " ORDER BY seq LIMIT ?"}});
      !prepared) {
    return prepared;
  }
  return names_.prepare();
}

Result<std::vector<StoredTopic>> Listing::topics(uint64_t after, size_t limit) {
  std::vector<StoredTopic> found;
  topics_.bind(1, after).bind(2, uint64_t{limit});
  Rows rows(topics_);
  while (rows.next()) {
    StoredTopic topic{.row = {.number = topics_.number(0),
                              .name = std::string(topics_.bytes(1)),
                              .gone_high = topics_.number(2),
                              .deleted_high = topics_.number(3),
                              .has_private = topics_.number(4) != 0}};
    if (auto measured = measure(topic); !measured) {
      return std::move(measured).failure();
    }
    found.push_back(std::move(topic));
  }
  if (!rows.is_done()) {
    return database_.failure(rows.code());
  }
  return found;
}

Status Listing::measure(StoredTopic& topic) {
  last_entry_.bind(1, topic.row.number);
  Rows last(last_entry_);
  if (!last.next()) {
    return last.is_done() ? Status(Ok{}) : Status(database_.failure(last.code()));
  }
  topic.nth = last_entry_.number(1);
  topic.bytes_through = last_entry_.number(2);
  const uint64_t newest = last_entry_.number(0);
  if (newest <= topic.row.gone_high) {
    return Ok{};
  }
  first_entry_.bind(1, topic.row.number).bind(2, topic.row.gone_high);
  Rows first(first_entry_);
  if (!first.next()) {
    return database_.failure(first.code());
  }
  topic.newest_seq = newest;
  topic.oldest_seq = first_entry_.number(0);
  topic.events = topic.nth - first_entry_.number(1) + 1;
  auto bytes = wire_bytes(topic.oldest_seq, topic.oldest_time_ms);
  if (!bytes) {
    return std::move(bytes).failure();
  }
  // The first event of all counts from zero; the bytes before any other one may be gone.
  topic.bytes = first_entry_.number(1) == 1 ? topic.bytes_through
                                            : topic.bytes_through - first_entry_.number(2) + *bytes;
  return Ok{};
}

Result<uint64_t> Listing::wire_bytes(uint64_t seq, int64_t& time_ms) {
  sizes_.bind(1, seq);
  Rows rows(sizes_);
  if (!rows.next()) {
    if (rows.is_done()) {
      return fail(Errc::kStorage, "event " + std::to_string(seq) +
                                      " of the journal is missing; use `ringcast journal check`");
    }
    return database_.failure(rows.code());
  }
  time_ms = sizes_.signed_number(0);
  const uint64_t id =
      sizes_.is_null(2) ? epoch_.size() + 1 + std::to_string(seq).size() : sizes_.number(2);
  return kIdLineBytes + id + sizes_.number(1);
}

Result<std::vector<std::unique_ptr<sse::Event>>> Listing::newest(uint64_t before, size_t limit,
                                                                 size_t bytes) {
  std::vector<std::unique_ptr<sse::Event>> events;
  newest_.bind(1, before).bind(2, uint64_t{limit});
  size_t sum = 0;
  Rows rows(newest_);
  while (sum < bytes && rows.next()) {
    auto event = event_of(newest_, names_, epoch_);
    if (!event) {
      return std::move(event).failure();
    }
    sum += (*event)->wire().size();
    events.push_back(std::move(*event));
  }
  if (sum < bytes && !rows.is_done()) {
    return database_.failure(rows.code());
  }
  return events;
}

Result<std::vector<topics::JournalKey>> Listing::keys() {
  std::vector<topics::JournalKey> keys;
  Rows rows(keys_);
  while (rows.next()) {
    keys.push_back({.key = std::string(keys_.bytes(0)),
                    .accepted = keys_.number(1),
                    .first_id = std::string(keys_.bytes(2)),
                    .last_id = std::string(keys_.bytes(3)),
                    .unix_ms = keys_.signed_number(4)});
  }
  if (!rows.is_done()) {
    return database_.failure(rows.code());
  }
  return keys;
}

Result<std::vector<JournalHead>> Listing::oldest_of(uint64_t topic, uint64_t gone_high,
                                                    size_t limit, uint64_t bytes) {
  return heads(oldest_of_.bind(1, topic).bind(2, gone_high).bind(3, uint64_t{limit}), bytes);
}

Result<std::vector<JournalHead>> Listing::oldest(size_t limit, uint64_t bytes) {
  return heads(oldest_.bind(1, uint64_t{limit}), bytes);
}

Result<std::vector<JournalHead>> Listing::heads(Statement& statement, uint64_t bytes) {
  std::vector<JournalHead> found;
  uint64_t sum = 0;
  bool is_enough = false;
  Rows rows(statement);
  while (!is_enough && rows.next()) {
    is_enough = sum >= bytes;
    JournalHead head{.seq = statement.number(0),
                     .time_ms = statement.signed_number(1),
                     .nth = statement.number(4),
                     .bytes_through = statement.number(5),
                     .bytes = statement.number(6)};
    sum += head.bytes;
    auto names = names_.of(statement.number(2), statement.is_null(3), statement.bytes(3));
    if (!names) {
      return std::move(names).failure();
    }
    head.topics = std::move(*names);
    found.push_back(std::move(head));
  }
  if (!is_enough && !rows.is_done()) {
    return database_.failure(rows.code());
  }
  return found;
}

}  // namespace ringcast::journal
