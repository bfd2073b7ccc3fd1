#include "journal/sqlite_journal.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "journal/schema.h"
#include "journal/sqlite_reader.h"

namespace ringcast::journal {

using topics::Changes;

namespace {

// Syncs the write-ahead log without writing to it.
Status sync_log(Database& database) {
  sqlite3_file* log = nullptr;
  sqlite3_file_control(database.handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (log == nullptr || log->pMethods == nullptr) {
    return Ok{};  // Nothing was written yet.
  }
  if (log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) != SQLITE_OK) {
    return system_failure("journal.db-wal cannot be synced");
  }
  return Ok{};
}

}  // namespace

SqliteJournal::SqliteJournal(OpenedFiles files)
    : files_(std::move(files)),
      rows_(files_.database),
      listing_(files_.database),
      space_(files_.database, files_.folder, *gate_),
      last_(files_.meta.last),
      last_time_(files_.meta.last_time),
      events_(static_cast<int64_t>(files_.meta.events)) {}

Status SqliteJournal::prepare(uint64_t max_bytes) {
  if (auto prepared =
          files_.database.prepare_all({{&begin_, "BEGIN IMMEDIATE"}, {&commit_, "COMMIT"}});
      !prepared) {
    return prepared;
  }
  if (auto prepared = rows_.prepare(); !prepared) {
    return prepared;
  }
  if (auto prepared = listing_.prepare(files_.meta.epoch); !prepared) {
    return prepared;
  }
  return space_.start(max_bytes);
}

template <typename Body>
Status SqliteJournal::transact(Body body) {
  Database& database = files_.database;
  has_commit_failed_ = false;
  errno = 0;  // SQLite does not say what SQLITE_FULL came from.
  Status status = checked(database, begin_.run());
  int system_error = errno;
  if (status) {
    status = body();
    system_error = errno;
  }
  if (status) {
    status = checked(database, commit_.run());
    system_error = errno;
    has_commit_failed_ = !status;
  }
  if (status) {
    return status;
  }
  if (sqlite3_get_autocommit(database.handle()) == 0) {
    (void)database.execute("ROLLBACK");
  }
  if (status.error().code == Errc::kStorageFull) {
    return space_.full(system_error);
  }
  return status;
}

Status SqliteJournal::write(const Changes& changes) {
  if (auto ready = make_ready(changes); !ready) {
    return ready;
  }
  const uint64_t last =
      changes.events.empty() ? last_ : std::max(last_, changes.events.back().event->seq());
  const int64_t last_time = changes.events.empty()
                                ? last_time_
                                : std::max(last_time_, changes.events.back().event->time_ms());
  auto written = transact([&] {
    auto put = rows_.write(changes, last, last_time);
    return put ? space_.settle(changes.spare_bytes) : put;
  });
  if (!written) {
    if (has_commit_failed_) {
      note_refused(changes);
    }
    return written;
  }
  last_ = last;
  last_time_ = last_time;
  note_written(changes);
  space_.fold();
  return Ok{};
}

void SqliteJournal::note_written(const Changes& changes) {
  events_ += rows_.growth();
  is_unsynced_ = is_unsynced_ || files_.meta.sync == Sync::kInterval;
  if (!changes.events.empty()) {
    // Only weakens the proof against copies when it fails: the events are safe without it.
    MarkRecord record = files_.mark.record();
    record.last = last_;
    (void)files_.mark.write(record);
  }
}

Result<bool> SqliteJournal::shrink() {
  if (!space_.can_shrink()) {
    return false;
  }
  if (auto ready = make_ready({}); !ready) {
    return std::move(ready).failure();
  }
  const uint64_t before = space_.pages();
  if (auto shrunk = transact([&] { return space_.shrink(); }); !shrunk) {
    return std::move(shrunk).failure();
  }
  space_.fold();
  return space_.pages() < before;
}

Status SqliteJournal::check_files() {
  is_replaced_ = is_replaced_ ||
                 identity_of(files_.folder.database()) != files_.database_identity ||
                 identity_of(files_.folder.wal()) != files_.wal_identity;
  if (is_replaced_) {
    return fail(Errc::kStorage, std::string(kDatabaseFile) +
                                    " was removed or replaced while it was in use; restart "
                                    "ringcastd");
  }
  return Ok{};
}

Status SqliteJournal::make_ready(const Changes& changes) {
  if (auto same = check_files(); !same) {
    return same;
  }
  if (auto room = space_.check(); !room) {
    return room;
  }
  if (auto buried = bury_refused(); !buried) {
    return buried;
  }
  return changes.events.empty() ? Status(Ok{}) : reserve(changes.events.back().event->seq());
}

Status SqliteJournal::reserve(uint64_t seq) {
  used_ = std::max(used_, seq);
  if (seq <= files_.meta.reserved) {
    return Ok{};
  }
  const uint64_t reserved = seq + files_.reserved_step;
  auto written =
      transact([&] { return rows_.put_meta("reserved", static_cast<int64_t>(reserved)); });
  if (written && files_.meta.sync != Sync::kAlways) {
    written = sync();
  }
  if (written) {
    files_.meta.reserved = reserved;
  }
  return written;
}

void SqliteJournal::note_refused(const Changes& changes) {
  MarkRecord record = files_.mark.record();
  const uint64_t first = changes.events.empty() ? 0 : changes.events.front().event->seq();
  if (first != 0) {
    record.refused_from = record.refused_from == 0 ? first : std::min(record.refused_from, first);
  }
  for (const topics::JournalKey& key : changes.keys) {
    record.refused_keys_ms = std::min(record.refused_keys_ms, key.unix_ms);
  }
  if (record != files_.mark.record()) {
    (void)files_.mark.write_synced(record);
  }
}

Status SqliteJournal::bury_refused() {
  MarkRecord record = files_.mark.record();
  if (record.refused_from == 0 && record.refused_keys_ms == kNoRefusedKeys) {
    return Ok{};
  }
  // Whatever is committed now takes the place in the log that the refused group had.
  auto written = transact([&] { return rows_.put_meta("last", static_cast<int64_t>(last_)); });
  if (written && files_.meta.sync != Sync::kAlways) {
    written = sync();
  }
  if (!written) {
    return written;
  }
  record.refused_from = 0;
  record.refused_keys_ms = kNoRefusedKeys;
  return files_.mark.write_synced(record);
}

Status SqliteJournal::sync() {
  // After a failure the kernel may take pages for clean that never reached the disk: only writing
  // them to another place helps, and that is what a checkpoint does. What comes next must not stand
  // behind them in the log.
  Status synced = Ok{};
  if (has_sync_failed_) {
    int frames = 0;
    int folded = 0;
    const int code = sqlite3_wal_checkpoint_v2(files_.database.handle(), "main",
                                               SQLITE_CHECKPOINT_RESTART, &frames, &folded);
    synced = checked(files_.database, code);
  } else {
    synced = sync_log(files_.database);
  }
  has_sync_failed_ = !synced;
  is_unsynced_ = is_unsynced_ && !synced;
  return synced;
}

Result<std::vector<topics::StoredTopic>> SqliteJournal::topics(uint64_t after, size_t limit) {
  return listing_.topics(after, limit);
}

Result<std::vector<std::unique_ptr<sse::Event>>> SqliteJournal::newest(uint64_t before,
                                                                       size_t limit, size_t bytes) {
  return listing_.newest(before, limit, bytes);
}

Result<std::vector<topics::JournalKey>> SqliteJournal::keys() {
  return listing_.keys();
}

Result<std::vector<topics::JournalHead>> SqliteJournal::oldest_of(uint64_t topic,
                                                                  uint64_t gone_high, size_t limit,
                                                                  uint64_t bytes) {
  return listing_.oldest_of(topic, gone_high, limit, bytes);
}

Result<std::vector<topics::JournalHead>> SqliteJournal::oldest(size_t limit, uint64_t bytes) {
  return listing_.oldest(limit, bytes);
}

Result<std::unique_ptr<topics::JournalReader>> SqliteJournal::open_reader() {
  return open_sqlite_reader(files_.folder, files_.database_identity, files_.start.epoch, gate_);
}

Status SqliteJournal::close() {
  if (auto same = check_files(); !same) {
    return same;
  }
  if (auto buried = bury_refused(); !buried) {
    return buried;
  }
  Meta meta = files_.meta;
  meta.reserved = std::max(last_, used_);
  meta.last = last_;
  meta.last_time = last_time_;
  meta.events = static_cast<uint64_t>(std::max<int64_t>(events_, 0));
  meta.is_clean = true;
  // The events first: the claim that all is well must not survive a power cut without them.
  if (auto synced = sync(); !synced) {
    return synced;
  }
  if (auto read = read_meta(files_.database); !read) {
    return std::move(read).failure();
  } else {
    meta.forgotten_high = read->forgotten_high;
    meta.forgotten_deleted_high = read->forgotten_deleted_high;
  }
  if (auto written = transact([&] { return write_meta(files_.database, meta); }); !written) {
    return written;
  }
  if (auto synced = sync(); !synced) {
    return synced;
  }
  MarkRecord record = files_.mark.record();
  record.last = last_;
  auto marked = files_.mark.write_synced(record);
  sqlite3_wal_checkpoint_v2(files_.database.handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                            nullptr);
  return marked;
}

}  // namespace ringcast::journal
