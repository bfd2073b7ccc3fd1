#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace ringcast::journal {

struct TopicUsage {
  std::string name;
  uint64_t events = 0;
  uint64_t bytes = 0;  // Of their wire blocks.
};

struct Stats {
  int64_t schema = 0;
  std::string epoch;
  uint64_t sequence = 0;  // The highest that was written.
  uint64_t reserved = 0;  // The highest that may have been used.
  bool is_clean = false;  // It was closed, not left by a crash; false while it is open, too.
  bool is_in_use = false;
  uint64_t events = 0;
  uint64_t topics = 0;
  std::optional<int64_t> oldest_ms;
  std::optional<int64_t> newest_ms;
  uint64_t database_bytes = 0;
  uint64_t wal_bytes = 0;
  uint64_t used_bytes = 0;  // Of the database: pages that hold something...
  uint64_t free_bytes = 0;  // ...and pages that are free.
  uint64_t lost_high = 0;
  std::vector<TopicUsage> largest;
};

enum class Largest { kByBytes, kByEvents };

// `most` topics of those with the most bytes or events.
Result<Stats> read_stats(const std::string& directory, size_t most, Largest by);

}  // namespace ringcast::journal
