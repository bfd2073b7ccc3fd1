#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "journal/file.h"

namespace ringcast::journal {

constexpr int64_t kNoRefusedKeys = INT64_MAX;

// What stands beside the database, so that a copy of it, or an older state that was put back, does
// not pass for the original: both would hand out the same positions twice.
struct MarkRecord {
  uint64_t life = 0;          // Renewed at each opening, here and in the database.
  uint64_t previous = 0;      // While one is opened: the life before it; else 0.
  uint64_t inode = 0;         // Of the database.
  uint64_t last = 0;          // The highest seq that was written.
  uint64_t refused_from = 0;  // Events from here on failed, but may stand in the log; 0: none.
  int64_t refused_keys_ms = kNoRefusedKeys;  // Keys from then on likewise.
  bool operator==(const MarkRecord&) const = default;
};

// The file journal.mark: one record, written in place, so that it needs no room on a full disk.
class Mark {
 public:
  Mark() = default;
  // The record in the file; nothing when there is no file, or nothing valid in it.
  static std::optional<MarkRecord> read(const std::string& path);
  // Makes the file when there is none.
  static Result<Mark> open(const std::string& path);

  [[nodiscard]] const MarkRecord& record() const { return record_; }
  // Safe from the end of the process.
  Status write(const MarkRecord& record);
  // Safe from a power cut as well.
  Status write_synced(const MarkRecord& record);

 private:
  Mark(std::string path, File file) : path_(std::move(path)), file_(std::move(file)) {}

  std::string path_;
  File file_;
  MarkRecord record_;
};

}  // namespace ringcast::journal
