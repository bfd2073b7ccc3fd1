#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "journal/change_rows.h"
#include "journal/folder.h"
#include "journal/listing.h"
#include "journal/mark.h"
#include "journal/meta.h"
#include "journal/options.h"
#include "journal/space.h"
#include "journal/sqlite.h"
#include "topics/journal.h"

namespace ringcast::journal {

// What open() has made ready.
struct OpenedFiles {
  Folder folder;
  File lock;
  Database database;
  Mark mark;
  Meta meta;
  topics::JournalStart start;
  FileIdentity database_identity;
  FileIdentity wal_identity;
  uint64_t reserved_step = 0;  // `meta.reserved` is moved on by so much: it is seldom written.
};

// The port's implementation over one connection that writes. Threads: as the port has it.
class SqliteJournal final : public topics::Journal {
 public:
  explicit SqliteJournal(OpenedFiles files);
  ~SqliteJournal() override = default;
  // To be called once, first.
  Status prepare(uint64_t max_bytes);

  const topics::JournalStart& start() const override { return files_.start; }
  Result<std::vector<topics::StoredTopic>> topics(uint64_t after, size_t limit) override;
  Result<std::vector<std::unique_ptr<sse::Event>>> newest(uint64_t before, size_t limit,
                                                          size_t bytes) override;
  Result<std::vector<topics::JournalKey>> keys() override;
  Status write(const topics::Changes& changes) override;
  Status reserve(uint64_t seq) override;
  bool is_unsynced() const override { return is_unsynced_; }
  Status sync() override;
  Result<std::vector<topics::JournalHead>> oldest_of(uint64_t topic, uint64_t gone_high,
                                                     size_t limit, uint64_t bytes) override;
  Result<std::vector<topics::JournalHead>> oldest(size_t limit, uint64_t bytes) override;
  topics::JournalUsage usage() const override { return space_.usage(); }
  void set_max_bytes(uint64_t bytes) override { space_.set_max_bytes(bytes); }
  Result<bool> shrink() override;
  Result<std::unique_ptr<topics::JournalReader>> open_reader() override;
  Status close() override;

 private:
  // Is everything as it was opened, and may this be written?
  Status check_files();
  Status make_ready(const topics::Changes& changes);
  // What failed to be committed may stand in the log, for a recovery to find: remembers it...
  void note_refused(const topics::Changes& changes);
  // ...and overwrites it, before anything else is written.
  Status bury_refused();
  void note_written(const topics::Changes& changes);

  // BEGIN, body, COMMIT; nothing is left of it when one of them fails.
  template <typename Body>
  Status transact(Body body);

  OpenedFiles files_;
  ChangeRows rows_;
  Listing listing_;
  const std::shared_ptr<ReaderGate> gate_ = std::make_shared<ReaderGate>();  // Of all readers.
  Space space_;
  Statement begin_;
  Statement commit_;
  bool is_replaced_ = false;        // For good.
  bool has_commit_failed_ = false;  // In the last transact().
  bool is_unsynced_ = false;
  bool has_sync_failed_ = false;
  uint64_t used_ = 0;  // The highest that reserve() was asked for.
  uint64_t last_ = 0;  // The highest seq ever that was written, and its time.
  int64_t last_time_ = 0;
  int64_t events_ = 0;
};

}  // namespace ringcast::journal
