#include "journal/event_walk.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace ringcast::journal {

namespace {

constexpr size_t kMaxReadAhead = 512;

}  // namespace

Status WalkRows::prepare(Database& database) {
  return database.prepare_all(
      {{&events_up,
        "SELECT seq, topic, topics FROM events WHERE seq > ? AND seq <= ? ORDER BY seq"},
       {&events_down,
        "SELECT seq, topic, topics FROM events WHERE seq > ? AND seq <= ? ORDER BY seq DESC"},
       {&entries_up,
        "SELECT seq FROM entries WHERE topic = ? AND seq > ? AND seq <= ?"
        " ORDER BY seq LIMIT ?"},
       {&entries_down,
        "SELECT seq FROM entries WHERE topic = ? AND seq > ? AND seq <= ?"
        " ORDER BY seq DESC LIMIT ?"}});
}

EventWalk::EventWalk(WalkRows& rows, Wanted& wanted, const std::vector<uint64_t>& topics,
                     uint64_t low, uint64_t high, Direction direction)
    : rows_(rows),
      wanted_(wanted),
      direction_(direction),
      events_(direction == Direction::kUp ? rows.events_up : rows.events_down),
      goes_by_entries_(!topics.empty()) {
  if (!goes_by_entries_) {
    events_.bind(1, low).bind(2, high);
    return;
  }
  for (const uint64_t topic : topics) {
    Cursor cursor{.topic = topic, .low = std::max(low, wanted.gone_high(topic)), .high = high};
    if (advance(cursor)) {
      heap_.push_back(std::move(cursor));
    }
  }
  std::make_heap(heap_.begin(), heap_.end(),
                 [this](const Cursor& a, const Cursor& b) { return is_later(a, b); });
}

EventWalk::~EventWalk() {
  events_.reset();
}

bool EventWalk::next() {
  const bool has_next = goes_by_entries_ ? next_entry() : next_event();
  if (code_ == SQLITE_OK) {
    code_ = wanted_.code();
  }
  return has_next && code_ == SQLITE_OK;
}

bool EventWalk::next_event() {
  const int code = events_.step();
  if (code != SQLITE_ROW) {
    code_ = code == SQLITE_DONE ? SQLITE_OK : code;
    return false;
  }
  seq_ = events_.number(0);
  is_wanted_ = wanted_.wants(
      seq_, events_.number(1),
      events_.is_null(2) ? std::nullopt : std::optional<std::string_view>(events_.bytes(2)));
  return true;
}

bool EventWalk::next_entry() {
  const auto later = [this](const Cursor& a, const Cursor& b) { return is_later(a, b); };
  const uint64_t previous = seq_;
  while (!heap_.empty() && code_ == SQLITE_OK) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    Cursor& first = heap_.back();
    seq_ = first.seq();
    if (++first.at < first.seqs.size() || advance(first)) {
      std::push_heap(heap_.begin(), heap_.end(), later);
    } else {
      heap_.pop_back();
    }
    if (seq_ != previous) {  // It is not also in a topic that was just here. No event has seq 0.
      is_wanted_ = true;
      return true;
    }
  }
  return false;
}

bool EventWalk::advance(Cursor& cursor) {
  cursor.seqs.clear();
  cursor.at = 0;
  if (cursor.low >= cursor.high) {
    return false;
  }
  Statement& entries = direction_ == Direction::kUp ? rows_.entries_up : rows_.entries_down;
  entries.bind(1, cursor.topic).bind(2, cursor.low).bind(3, cursor.high);
  entries.bind(4, uint64_t{cursor.read_ahead});
  Rows rows(entries);
  while (rows.next()) {
    cursor.seqs.push_back(entries.number(0));
  }
  if (!rows.is_done()) {
    code_ = rows.code();
    return false;
  }
  if (cursor.seqs.empty()) {
    return false;
  }
  (direction_ == Direction::kUp ? cursor.low : cursor.high) =
      direction_ == Direction::kUp ? cursor.seqs.back() : cursor.seqs.back() - 1;
  cursor.read_ahead = std::min(cursor.read_ahead * 4, kMaxReadAhead);
  return true;
}

}  // namespace ringcast::journal
