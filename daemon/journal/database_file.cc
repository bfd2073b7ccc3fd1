#include "journal/database_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "journal/schema.h"

namespace ringcast::journal {

namespace {

constexpr std::string_view kMagic = {"SQLite format 3\0", 16};
constexpr size_t kHeaderBytes = 100;
constexpr size_t kApplicationIdAt = 68;  // Big-endian; see SQLite's file format, section 1.3.

Failure refused(const std::string& path, const std::string& why) {
  return fail(Errc::kStorage, path + ": " + why);
}

Status fill(const std::string& path) {
  // SQLite gives its other files the rights of this one.
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  if (descriptor < 0) {
    return refused(path, std::strerror(errno));
  }
  ::close(descriptor);
  auto database = Database::open(path, SQLITE_OPEN_READWRITE, Closing::kCheckpoints);
  if (!database) {
    return std::move(database).failure();
  }
  // What the file is for good comes before its first table.
  const std::string sql =
      "PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL;"
      "PRAGMA synchronous=FULL; PRAGMA application_id=" +
      std::to_string(kApplicationId) + "; PRAGMA user_version=" + std::to_string(kSchemaVersion) +
      ";" + std::string(kSchema) + "PRAGMA journal_mode=WAL;";
  if (auto made = database->execute(sql); !made) {
    return made;
  }
  return database->close();
}

Status sync_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool is_synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) {
    ::close(descriptor);
  }
  if (!is_synced) {
    return refused(path, std::strerror(error));
  }
  return Ok{};
}

// SQLite holds no connection to the file at this time, so that reading it here takes no lock away.
Status check_header(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) {
    return refused(path, std::strerror(errno));
  }
  if (!S_ISREG(found.st_mode)) {
    return refused(path, "is not a regular file");
  }
  if (found.st_size == 0) {
    return refused(path, "is empty; remove it to begin a new journal");
  }
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) {
    return refused(path, std::strerror(errno));
  }
  std::array<char, kHeaderBytes> header{};
  const ssize_t got = ::pread(descriptor, header.data(), header.size(), 0);
  ::close(descriptor);
  if (got != static_cast<ssize_t>(kHeaderBytes) ||
      std::string_view(header.data(), kMagic.size()) != kMagic) {
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

Status check_schema(Database& database, const std::string& path) {
  auto version = database.number("PRAGMA user_version");
  if (!version) {
    return std::move(version).failure();
  }
  if (*version > kSchemaVersion) {
    return refused(path, "was written by a newer version of ringcast (schema " +
                             std::to_string(*version) + ", this one knows " +
                             std::to_string(kSchemaVersion) + ")");
  }
  auto tables = database.number(
      "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
      " AND name IN ('meta', 'topics', 'events', 'entries', 'keys')");
  if (!tables) {
    return std::move(tables).failure();
  }
  if (*version < 1 || *tables != 5) {
    return refused(path, "the file is damaged (tables are missing); use `ringcast journal check`");
  }
  if (sqlite3_db_readonly(database.handle(), "main") != 0) {
    return refused(path, "is not writable");
  }
  return Ok{};
}

}  // namespace

Status create_when_missing(const Folder& folder) {
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
    return refused(path, std::strerror(errno));
  }
  if (size_of(folder.wal()) != 0) {  // SQLite would take it for the new one's.
    return refused(path,
                   "is missing, but its journal.db-wal is there: restore the one or remove "
                   "the other");
  }
  if (auto filled = fill(fresh); !filled) {
    return filled;
  }
  if (auto synced = sync_file(fresh); !synced) {
    return synced;
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    return refused(path, std::strerror(errno));
  }
  return folder.sync();
}

Result<Database> open_checked(const Folder& folder) {
  const std::string path = folder.database();
  if (auto header = check_header(path); !header) {
    return std::move(header).failure();
  }
  // Until it is known to be ours, closing must not fold a log into it.
  auto database = Database::open(path, SQLITE_OPEN_READWRITE, Closing::kLeavesFilesAlone);
  if (!database) {
    return database;
  }
  if (auto schema = check_schema(*database, path); !schema) {
    return std::move(schema).failure();
  }
  database->set_closing(Closing::kCheckpoints);
  return database;
}

}  // namespace ringcast::journal
