#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "journal/sqlite.h"
#include "journal/wanted.h"

namespace ringcast::journal {

enum class Direction { kUp, kDown };

// Statements over the tables events and entries, for EventWalk. One connection's.
struct WalkRows {
  Statement events_up;  // seq, topic, topics; of the seqs in (?1, ?2].
  Statement events_down;
  Statement entries_up;  // seq; of topic ?1 and the seqs in (?2, ?3], at most ?4.
  Statement entries_down;
  Status prepare(Database& database);
};

// Goes through the events in (low, high] that a query may want: those of its topics by merging
// their entries, or all events when only patterns say what is wanted. Each event once.
class EventWalk {
 public:
  // `wanted` and `rows` outlive it.
  EventWalk(WalkRows& rows, Wanted& wanted, const std::vector<uint64_t>& topics, uint64_t low,
            uint64_t high, Direction direction);
  EventWalk(const EventWalk&) = delete;
  EventWalk& operator=(const EventWalk&) = delete;
  ~EventWalk();

  // The next event; false at the end, or when something went wrong: see code().
  bool next();
  [[nodiscard]] uint64_t seq() const { return seq_; }
  [[nodiscard]] bool is_wanted() const { return is_wanted_; }
  [[nodiscard]] int code() const { return code_; }

 private:
  // One topic's entries, read some at a time. What is left of them is in (low, high].
  struct Cursor {
    uint64_t topic = 0;
    uint64_t low = 0;
    uint64_t high = 0;
    std::vector<uint64_t> seqs = {};  // Read ahead.
    size_t at = 0;
    size_t read_ahead = 8;
    [[nodiscard]] uint64_t seq() const { return seqs[at]; }
  };
  bool next_event();
  bool next_entry();
  // False when the topic has no more.
  bool advance(Cursor& cursor);
  // Orders the heap: is `a` later in the walk?
  [[nodiscard]] bool is_later(const Cursor& a, const Cursor& b) const {
    return direction_ == Direction::kUp ? a.seq() > b.seq() : a.seq() < b.seq();
  }

  WalkRows& rows_;
  Wanted& wanted_;
  const Direction direction_;
  Statement& events_;
  std::vector<Cursor> heap_;
  const bool goes_by_entries_;
  uint64_t seq_ = 0;
  bool is_wanted_ = false;
  int code_ = SQLITE_OK;
};

}  // namespace ringcast::journal
