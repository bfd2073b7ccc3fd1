#include "journal/database_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "journal/meta.h"
#include "journal/schema.h"

namespace ringcast::journal {

namespace {

constexpr std::string_view kSqliteMagic = {"SQLite format 3\0", 16};
constexpr size_t kHeaderBytes = 100;
constexpr size_t kApplicationIdAt = 68;  // Big-endian; see SQLite's file format, section 1.3.

Failure refused(const std::string& path, const std::string& why) {
  return fail(Errc::kStorage, path + ": " + why);
}

Status fill(const std::string& path, const std::string& epoch) {
  // SQLite gives its other files the rights of this one.
  if (auto made = File::open_or_make(path, O_EXCL); !made) {
    return std::move(made).failure();
  }
  auto database = Database::open(path, SQLITE_OPEN_READWRITE, Closing::kCheckpoints);
  if (!database) {
    return std::move(database).failure();
  }
  // What the file is for good comes before its first table. It is synced when it is complete.
  const std::string sql =
      "PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL;"
      "PRAGMA synchronous=OFF; PRAGMA application_id=" +
      std::to_string(kApplicationId) + "; PRAGMA user_version=" + std::to_string(kSchemaVersion) +
      "; BEGIN;" + std::string(kSchema);
  if (auto made = database->execute(sql); !made) {
    return made;
  }
  if (auto written = write_meta(*database, {.epoch = epoch}); !written) {
    return written;
  }
  if (auto committed = database->execute("COMMIT; PRAGMA journal_mode=WAL"); !committed) {
    return committed;
  }
  return database->close();
}

// SQLite holds no connection to the file at this time, so that reading it here takes no lock away.
Status check_header(const std::string& path, int flags) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) {
    return system_failure(path);
  }
  if (!S_ISREG(found.st_mode)) {
    return refused(path, "is not a regular file");
  }
  if (found.st_size == 0) {
    return refused(path, "is empty; remove it to begin a new journal");
  }
  auto file = File::open(path, flags);
  if (!file) {
    return std::move(file).failure();
  }
  std::array<char, kHeaderBytes> header{};
  if (::pread(file->descriptor(), header.data(), header.size(), 0) !=
          static_cast<ssize_t>(kHeaderBytes) ||
      std::string_view(header.data(), kSqliteMagic.size()) != kSqliteMagic) {
    return refused(path, "is not a SQLite database");
  }
  uint32_t application = 0;
  for (size_t at = kApplicationIdAt; at < kApplicationIdAt + 4; ++at) {
    application = application << 8 | static_cast<unsigned char>(header[at]);
  }
  if (application != static_cast<uint32_t>(kApplicationId)) {
    return refused(path, "is not a journal of ringcast");
  }
  return Ok{};
}

Status check_schema(Database& database, const std::string& path, bool must_be_whole) {
  int64_t version = 0;
  int64_t tables = 0;
  auto read = database.read_numbers(
      {{"PRAGMA user_version", &version},
       {"SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
        " AND name IN ('meta', 'topics', 'events', 'entries', 'keys', 'holes')",
        &tables}});
  if (!read) {
    return read;
  }
  if (version > kSchemaVersion) {
    return refused(path, "was written by a newer version of ringcast (schema " +
                             std::to_string(version) + ", this one knows " +
                             std::to_string(kSchemaVersion) + ")");
  }
  if (must_be_whole && (version < 1 || tables != 6)) {
    return refused(path, "the file is damaged (tables are missing); use `ringcast journal check`");
  }
  return Ok{};
}

}  // namespace

Status create_when_missing(const Folder& folder, const std::string& epoch) {
  const std::string path = folder.database();
  const std::string fresh = path + ".new";
  for (const char* leftover : {"", "-journal", "-wal", "-shm"}) {
    ::unlink((fresh + leftover).c_str());
  }
  struct stat found {};
  if (::lstat(path.c_str(), &found) == 0) {
    return Ok{};
  }
  if (errno != ENOENT) {
    return system_failure(path);
  }
  if (size_of(folder.wal()) != 0) {  // SQLite would take it for the new one's.
    return refused(path,
                   "is missing, but its journal.db-wal is there: restore the one or remove "
                   "the other");
  }
  if (auto filled = fill(fresh, epoch); !filled) {
    return filled;
  }
  if (auto synced = sync_path(fresh); !synced) {
    return synced;
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    return system_failure(path);
  }
  return folder.sync();
}

Result<Database> open_to_write(const Folder& folder) {
  const std::string path = folder.database();
  if (auto header = check_header(path, O_RDWR); !header) {
    return std::move(header).failure();
  }
  // Until it is known to be ours, closing must not fold a log into it.
  auto database = Database::open(path, SQLITE_OPEN_READWRITE, Closing::kLeavesFilesAlone);
  if (!database) {
    return database;
  }
  if (auto schema = check_schema(*database, path, true); !schema) {
    return std::move(schema).failure();
  }
  if (sqlite3_db_readonly(database->handle(), "main") != 0) {
    return refused(path, "is not writable");
  }
  database->set_closing(Closing::kCheckpoints);
  return database;
}

Result<Database> open_to_look(const Folder& folder) {
  const std::string path = folder.database();
  if (auto header = check_header(path, O_RDONLY); !header) {
    return std::move(header).failure();
  }
  constexpr const char* kBegin = "BEGIN; SELECT 1 FROM sqlite_schema";
  auto database = Database::open(path, SQLITE_OPEN_READONLY, Closing::kLeavesFilesAlone);
  if (!database) {
    return database;
  }
  auto begun = database->execute(kBegin);
  // A reader of a WAL needs a place for its index, which a read-only medium has not.
  if (!begun && size_of(folder.wal()) == 0) {
    database = Database::open_immutable(path);
    if (!database) {
      return database;
    }
    begun = database->execute(kBegin);
  }
  if (!begun) {
    return std::move(begun).failure();
  }
  if (auto schema = check_schema(*database, path, false); !schema) {
    return std::move(schema).failure();
  }
  return database;
}

}  // namespace ringcast::journal
