#include <algorithm>
#include <utility>

#include "base/random.h"
#include "journal/database_file.h"
#include "journal/epoch_rules.h"
#include "journal/journal.h"
#include "journal/schema.h"
#include "journal/sqlite_journal.h"

namespace ringcast::journal {

namespace {

// Each holds for the connection only. Debian's SQLite overwrites what is deleted, which would write
// every event once more when it leaves.
Status configure(Database& database) {
  return database.execute(
      "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; PRAGMA synchronous=FULL;"
      "PRAGMA foreign_keys=OFF; PRAGMA cache_size=-8192; PRAGMA temp_store=MEMORY;"
      "PRAGMA trusted_schema=OFF; PRAGMA mmap_size=0; PRAGMA secure_delete=FAST;");
}

uint64_t new_life() {
  return random_bits() | 1;
}

// A commit that failed may have left whole frames in the log, which SQLite's recovery brought back
// to life: their publishers were told that they are not there.
Status remove_refused(Database& database, const MarkRecord& mark) {
  const std::string from = std::to_string(mark.refused_from);
  const std::string query = "SELECT 1 FROM events WHERE seq >= " + from + " LIMIT 1";
  int64_t found = 0;
  if (mark.refused_from != 0) {
    if (auto read = database.read_numbers({{query, &found}}); !read) {
      return read;
    }
  }
  std::string sql;
  if (found != 0) {
    sql = "DELETE FROM entries WHERE topic IN (SELECT number FROM topics) AND seq >= " + from +
          "; DELETE FROM events WHERE seq >= " + from + ";";
  }
  if (mark.refused_keys_ms != kNoRefusedKeys) {
    sql += "DELETE FROM keys WHERE time >= " + std::to_string(mark.refused_keys_ms);
  }
  return database.execute(sql);
}

Status write_holes(Database& database, const Future& future,
                   std::vector<std::pair<uint64_t, uint64_t>>& holes) {
  std::string sql = future.keeps_holes ? "" : "DELETE FROM holes;";
  if (future.hole) {
    sql += "INSERT OR REPLACE INTO holes VALUES(" + std::to_string(future.hole->first) + "," +
           std::to_string(future.hole->second) + ")";
  }
  if (auto written = database.execute(sql); !written) {
    return written;
  }
  auto query = database.prepare("SELECT low, high FROM holes ORDER BY low");
  if (!query) {
    return std::move(query).failure();
  }
  Rows rows(*query);
  while (rows.next()) {
    holes.emplace_back(query->number(0), query->number(1));
  }
  return rows.is_done() ? Status(Ok{}) : Status(database.failure(rows.code()));
}

// Reads what the newest event was, and about how many there are.
Status look_at_events(Database& database, Past& past, topics::JournalStart& start) {
  int64_t newest = 0;
  int64_t oldest = 0;
  int64_t time = 0;
  auto read = database.read_numbers({{"SELECT max(seq) FROM events", &newest},
                                     {"SELECT min(seq) FROM events", &oldest},
                                     {"SELECT time FROM events ORDER BY seq DESC LIMIT 1", &time}});
  if (!read) {
    return read;
  }
  past.highest = std::max(past.meta.last, static_cast<uint64_t>(newest));
  start.last_time_ms = std::max(past.meta.last_time, time);
  const auto span = newest == 0 ? 0 : static_cast<uint64_t>(newest - oldest + 1);
  start.events = past.meta.is_clean ? std::min(past.meta.events, span) : span;
  return Ok{};
}

// Decides how the journal goes on, and writes that down in the database and the mark. A crash at
// any point of it leaves a mark that belongs to the database.
Status begin_life(OpenedFiles& files, Past& past, const Options& options,
                  const Surroundings& surroundings, std::vector<std::string>& notes) {
  Database& database = files.database;
  const bool is_marked = past.mark && belongs(*past.mark, past);
  if (is_marked) {
    if (auto removed = remove_refused(database, *past.mark); !removed) {
      return removed;
    }
  }
  if (auto looked = look_at_events(database, past, files.start); !looked) {
    return looked;
  }
  Future future = judge(past, surroundings);
  notes = std::move(future.notes);
  Meta& meta = files.meta;
  meta = past.meta;
  meta.epoch = future.epoch;
  meta.last = future.last_seq;
  meta.last_time = files.start.last_time_ms;
  meta.reserved = future.last_seq + surroundings.reserved_step;
  files.reserved_step = surroundings.reserved_step;
  meta.is_clean = false;
  meta.life = new_life();
  meta.boot_id = surroundings.boot_id;
  meta.sync = options.sync;
  meta.events = files.start.events;
  if (auto written = write_meta(database, meta); !written) {
    return written;
  }
  if (auto holes = write_holes(database, future, files.start.holes); !holes) {
    return holes;
  }
  // What another database's mark refuses is none of this one's.
  MarkRecord record = is_marked ? *past.mark : MarkRecord{};
  record.life = meta.life;
  record.previous = is_marked ? past.meta.life : 0;  // A copy stays one until all is written.
  record.inode = past.inode;
  if (auto marked = files.mark.write_synced(record); !marked) {
    return marked;
  }
  if (auto committed = database.execute("COMMIT"); !committed) {
    return committed;
  }
  record = {.life = meta.life, .inode = past.inode, .last = meta.last};
  return files.mark.write_synced(record);
}

void fill_start(OpenedFiles& files) {
  files.start.epoch = files.meta.epoch;
  files.start.last_seq = files.meta.last;
  files.start.forgotten_high = files.meta.forgotten_high;
  files.start.forgotten_deleted_high = files.meta.forgotten_deleted_high;
}

// What a failed sync left in the page cache looks written, but is not: it must not stand in the log
// before anything that is. A tool that reads the journal just now is in the way, which only matters
// when there was such a failure.
Status fold_log(Database& database, const std::optional<MarkRecord>& mark) {
  const int code = sqlite3_wal_checkpoint_v2(database.handle(), "main", SQLITE_CHECKPOINT_TRUNCATE,
                                             nullptr, nullptr);
  const bool has_failed =
      mark && (mark->refused_from != 0 || mark->refused_keys_ms != kNoRefusedKeys);
  return code == SQLITE_BUSY && !has_failed ? Status(Ok{}) : checked(database, code);
}

// From here on the files are ours, and locked.
Result<Opened> begin(OpenedFiles files, const Options& options, const Surroundings& surroundings) {
  Opened opened;
  const auto identity = identity_of(files.folder.database());
  if (auto ready = configure(files.database); !ready) {
    return std::move(ready).failure();
  }
  auto found_mark = Mark::read(files.folder.mark());
  if (auto folded = fold_log(files.database, found_mark); !folded) {
    return std::move(folded).failure();
  }
  if (auto begun = files.database.execute("BEGIN IMMEDIATE"); !begun) {
    return std::move(begun).failure();
  }
  auto meta = read_meta(files.database);
  if (!meta) {
    return std::move(meta).failure();
  }
  Past past{.meta = std::move(*meta), .inode = identity ? identity->inode : 0, .mark = found_mark};
  auto mark = Mark::open(files.folder.mark());
  if (!mark) {
    return std::move(mark).failure();
  }
  files.mark = std::move(*mark);
  if (auto alive = begin_life(files, past, options, surroundings, opened.notes); !alive) {
    return std::move(alive).failure();
  }
  fill_start(files);
  // The names of the mark, the log and the lock; their contents are synced.
  if (auto synced = files.folder.sync(); !synced) {
    return std::move(synced).failure();
  }
  const auto log = identity_of(files.folder.wal());
  if (!identity || !log) {
    return fail(Errc::kStorage, files.folder.database() + ": was removed while it was opened");
  }
  files.database_identity = *identity;
  files.wal_identity = *log;
  if (options.sync != Sync::kAlways) {
    // A power cut takes the newest groups then, but never damages the file.
    if (auto relaxed = files.database.execute("PRAGMA synchronous=NORMAL"); !relaxed) {
      return std::move(relaxed).failure();
    }
  }
  // From now on its errors go to publishers too: they need not know where it lies.
  files.database.name_in_messages(std::string(kDatabaseFile));
  auto journal = std::make_unique<SqliteJournal>(std::move(files));
  if (auto prepared = journal->prepare(options.max_bytes); !prepared) {
    return std::move(prepared).failure();
  }
  opened.journal = std::move(journal);
  return opened;
}

}  // namespace

Result<Opened> open(const Options& options, const Surroundings& surroundings) {
  OpenedFiles files{.folder = Folder(options.path)};
  if (auto usable = files.folder.check(); !usable) {
    return std::move(usable).failure();
  }
  auto lock = files.folder.take_lock();
  if (!lock) {
    return std::move(lock).failure();
  }
  files.lock = std::move(*lock);
  if (auto made = create_when_missing(files.folder, surroundings.fresh_epoch); !made) {
    return std::move(made).failure();
  }
  auto database = open_to_write(files.folder);
  if (!database) {
    return std::move(database).failure();
  }
  files.database = std::move(*database);
  return begin(std::move(files), options, surroundings);
}

}  // namespace ringcast::journal
