#include "journal/create.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "journal/directory.h"
#include "journal/schema.h"
#include "journal/tool_database.h"

namespace ringcast::journal {

namespace {

Status write_schema(ToolDatabase& database, std::string_view epoch) {
  // What stands before the first table goes for the file's life; WAL must come last of it.
  const std::string sql = "PRAGMA auto_vacuum = incremental; PRAGMA application_id = " +
                          std::to_string(kApplicationId) +
                          "; PRAGMA user_version = " + std::to_string(kSchemaVersion) + "; BEGIN;" +
                          std::string(kSchema) +
                          "INSERT INTO meta VALUES ('reserved', 0), ('last', 0), ('clean', 1), "
                          "('forgotten_high', 0), "
                          "('forgotten_deleted_high', 0), ('last_time', 0), ('events', 0);";
  if (Status done = database.execute(sql.c_str()); !done) {
    return done;
  }
  auto insert = database.prepare("INSERT INTO meta VALUES ('epoch', ?1)");
  if (!insert) {
    return std::move(insert).failure();
  }
  insert->bind(1, epoch);
  if (Status done = insert->run(); !done) {
    return done;
  }
  return database.execute("COMMIT; PRAGMA journal_mode = wal;");
}

Status write_database(const std::string& directory, std::string_view file, std::string_view epoch) {
  auto fd = open_new_file(directory, file, true);
  if (!fd) {
    return std::move(fd).failure();
  }
  close(*fd);
  auto database = ToolDatabase::open(path_in(directory, file), ToolDatabase::Mode::kWrite);
  return database ? write_schema(*database, epoch) : std::move(database).failure();
}

Status sync_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool is_synced = fd >= 0 && fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) {
    close(fd);
  }
  return is_synced ? Status(Ok{})
                   : Status(fail(Errc::kStorage, path + ": " + std::strerror(error)));
}

}  // namespace

Status create(const std::string& directory, std::string_view epoch) {
  const std::string file = std::string(kDatabaseFile) + ".new";
  const std::string path = path_in(directory, file);
  const std::string place = path_in(directory, kDatabaseFile);
  if (file_size(place + "-wal") > 0) {  // SQLite would take it for the new one's.
    return fail(Errc::kStorage, place + " is missing, but its -wal is there");
  }
  for (const char* leftover : {"", "-wal", "-shm", "-journal"}) {
    unlink((path + leftover).c_str());
  }
  if (Status written = write_database(directory, file, epoch); !written) {
    return written;
  }
  if (Status synced = sync_file(path); !synced) {
    return synced;
  }
  if (rename(path.c_str(), place.c_str()) != 0) {
    return fail(Errc::kStorage, place + ": " + std::strerror(errno));
  }
  return sync_directory(directory);
}

}  // namespace ringcast::journal
