#pragma once

#include <cstdint>

#include "base/result.h"
#include "journal/folder.h"
#include "journal/reader_gate.h"
#include "journal/sqlite.h"
#include "topics/journal.h"

namespace ringcast::journal {

// How what all files may take is shared out.
struct Bounds {
  uint64_t max_bytes = 0;    // All files together.
  uint64_t log_bytes = 0;    // From here on the write-ahead log is folded into the database.
  uint64_t limit_bytes = 0;  // Of the database's pages that hold something.
  uint64_t max_pages = 0;    // Of the database file.
};

[[nodiscard]] Bounds share_out(uint64_t max_bytes);

// Keeps the files of the writer's connection within their bounds. The writer's thread.
class Space {
 public:
  // All outlive it.
  Space(Database& database, const Folder& folder, ReaderGate& gate)
      : database_(database), folder_(folder), gate_(gate) {}
  Space(const Space&) = delete;
  Space& operator=(const Space&) = delete;
  ~Space();

  Status start(uint64_t max_bytes);
  void set_max_bytes(uint64_t bytes);

  // Before a transaction: kStorageFull while the log cannot be folded back.
  Status check();
  // At the end of a transaction, within it: counts what is used, and if the file is too large gives
  // unused pages back, some and what became unused. So many bytes of them stay.
  Status settle(uint64_t spare_bytes);
  // Is the file too large, and could be smaller? Then shrink() is all of a transaction.
  [[nodiscard]] bool can_shrink() const;
  Status shrink();
  [[nodiscard]] uint64_t pages() const { return pages_; }
  // After a commit. What fails here is tried again later: the events are safe.
  void fold();

  [[nodiscard]] topics::JournalUsage usage() const;
  // What the SQLITE_FULL of a transaction means.
  [[nodiscard]] Failure full(int system_error) const;

 private:
  static int on_commit(void* self, sqlite3* handle, const char* name, int frames);
  Status count();
  Status give_back(uint64_t pages);
  void restrict_file();
  void fold_with(int mode);
  [[nodiscard]] uint64_t log_bytes() const { return frames_ * kFrameBytes; }

  static constexpr uint64_t kPageBytes = 4096;
  static constexpr uint64_t kFrameBytes = kPageBytes + 24;

  Database& database_;
  const Folder& folder_;
  ReaderGate& gate_;
  Bounds bounds_;
  Statement page_count_;
  Statement free_count_;
  uint64_t pages_ = 0;
  uint64_t free_pages_ = 0;
  uint64_t frames_ = 0;        // In the log, also those that were folded back.
  uint64_t unfolded_ = 0;      // Those that were not, at the last attempt.
  int fold_code_ = 0;          // What SQLite said to that attempt.
  uint64_t next_fold_at_ = 0;  // Bytes of the log.
  bool wants_fold_ = false;    // The file has become smaller, but only on paper.
};

}  // namespace ringcast::journal
