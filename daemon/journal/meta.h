#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "journal/options.h"
#include "journal/sqlite.h"

namespace ringcast::journal {

// The table `meta`: what a journal knows of itself.
struct Meta {
  std::string epoch;
  uint64_t reserved = 0;  // No event above it was ever written.
  uint64_t last = 0;      // The highest seq that was ever written, unless a row is higher.
  int64_t last_time = 0;  // Its time.
  bool is_clean = true;   // The last daemon ended as it should.
  uint64_t life = 0;      // See MarkRecord.
  uint64_t forgotten_high = 0;
  uint64_t forgotten_deleted_high = 0;
  uint64_t events = 0;  // At the last clean end.
  std::string boot_id;
  Sync sync = Sync::kAlways;  // Of the last opening.
};

Result<Meta> read_meta(Database& database);
// All of it, within the caller's transaction if there is one.
Status write_meta(Database& database, const Meta& meta);

}  // namespace ringcast::journal
