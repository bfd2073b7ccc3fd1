#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "journal/journal.h"
#include "journal/mark.h"
#include "journal/meta.h"

namespace ringcast::journal {

// What an opening finds.
struct Past {
  Meta meta;
  uint64_t highest = 0;            // The highest seq in the database, or meta.last.
  uint64_t inode = 0;              // Of the database.
  std::optional<MarkRecord> mark;  // Nothing: missing or damaged.
};

// How a journal goes on. A position must never be given out twice within an epoch, so there is a
// fresh one whenever the files cannot prove that they are the newest state.
struct Future {
  std::string epoch;
  uint64_t last_seq = 0;
  bool keeps_holes = false;                           // Of the same epoch...
  std::optional<std::pair<uint64_t, uint64_t>> hole;  // ...and another one.
  std::vector<std::string> notes;
};

// Is the mark the one of this database?
[[nodiscard]] bool belongs(const MarkRecord& mark, const Past& past);

[[nodiscard]] Future judge(const Past& past, const Surroundings& surroundings);

}  // namespace ringcast::journal
