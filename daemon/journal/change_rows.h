#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "journal/sqlite.h"
#include "topics/journal.h"

namespace ringcast::journal {

// Writes what changed into the tables. The caller holds the transaction.
class ChangeRows {
 public:
  // The database outlives it.
  explicit ChangeRows(Database& database) : database_(database) {}
  Status prepare();

  // `last` and `last_time`: of the newest event ever, which is kept when events are erased.
  Status write(const topics::Changes& changes, uint64_t last, int64_t last_time);
  // How many events came and went by the last write().
  [[nodiscard]] int64_t growth() const { return growth_; }
  Status put_meta(std::string_view name, int64_t value);

 private:
  int put_events(const topics::Changes& changes);
  int put_entry(const topics::Placement& placement, const sse::Event& event);
  int put_topics(const topics::Changes& changes);
  int put_keys(const topics::Changes& changes);
  // Erases what changes.erased_* say, as far as it reaches `from`.
  int erase(const topics::Changes& changes, uint64_t from);
  int drop_topics(const topics::Changes& changes);
  int put_value(std::string_view name, int64_t value);

  Database& database_;
  int64_t growth_ = 0;
  std::string names_;  // Of an event's topics; kept for its memory.
  Statement put_topic_;
  Statement drop_topic_;
  Statement drop_entries_;
  Statement put_event_;
  Statement mark_private_;
  Statement put_entry_;
  Statement put_key_;
  Statement expire_keys_;
  Statement erase_entries_;
  Statement erase_event_;
  Statement put_meta_;
};

}  // namespace ringcast::journal
