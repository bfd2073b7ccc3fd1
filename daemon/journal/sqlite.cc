#include "journal/sqlite.h"

#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

namespace ringcast::journal {

namespace {

// A path in a "file:" name.
std::string escaped(const std::string& path) {
  std::string out;
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      constexpr std::string_view kDigits = "0123456789abcdef";
      out += '%';
      out += kDigits[static_cast<unsigned char>(c) >> 4U];
      out += kDigits[static_cast<unsigned char>(c) & 15U];
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

Statement& Statement::bind(int at, int64_t value) {
  sqlite3_bind_int64(statement_.get(), at, value);
  return *this;
}

Statement& Statement::bind(int at, uint64_t value) {
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  return bind(at, static_cast<int64_t>(value < kMax ? value : kMax));
}

Statement& Statement::bind_text(int at, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), at, text.data() == nullptr ? "" : text.data(), text.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(int at, std::string_view bytes) {
  sqlite3_bind_blob64(statement_.get(), at, bytes.data() == nullptr ? "" : bytes.data(),
                      bytes.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_null(int at) {
  sqlite3_bind_null(statement_.get(), at);
  return *this;
}

int Statement::step() {
  return sqlite3_step(statement_.get());
}

int Statement::run() {
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) {
    code = step();
  }
  reset();
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

uint64_t Statement::number(int column) const {
  return static_cast<uint64_t>(signed_number(column));
}

int64_t Statement::signed_number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const char*>(data), static_cast<size_t>(data == nullptr ? 0 : size)};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Result<Database> Database::open(const std::string& path, int flags, Closing closing) {
  Database database;
  database.path_ = path;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle,
                                   flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  database.handle_.reset(handle);
  if (code != SQLITE_OK) {
    return database.failure(code);
  }
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  database.set_closing(closing);
  return database;
}

Result<Database> Database::open_immutable(const std::string& path) {
  auto database = open("file:" + escaped(path) + "?immutable=1",
                       SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, Closing::kLeavesFilesAlone);
  if (database) {
    database->path_ = path;
  }
  return database;
}

void Database::set_closing(Closing closing) {
  sqlite3_db_config(handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
                    closing == Closing::kLeavesFilesAlone ? 1 : 0, nullptr);
}

Status Database::close() {
  const int code = sqlite3_close(handle());
  if (code != SQLITE_OK) {
    return failure(code);
  }
  [[maybe_unused]] sqlite3* closed = handle_.release();
  return Ok{};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) {
    return failure(code);
  }
  return Statement(statement);
}

Status Database::prepare_all(std::initializer_list<Preparation> preparations) {
  for (const auto& [statement, sql] : preparations) {
    auto prepared = prepare(sql);
    if (!prepared) {
      return std::move(prepared).failure();
    }
    *statement = std::move(*prepared);
  }
  return Ok{};
}

Status Database::execute(const std::string& sql) {
  return checked(*this, sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr));
}

Status Database::read_numbers(std::initializer_list<Reading> readings) {
  for (const auto& [sql, number] : readings) {
    auto statement = prepare(sql);
    if (!statement) {
      return std::move(statement).failure();
    }
    const int code = statement->step();
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
      return failure(code);
    }
    *number = code == SQLITE_ROW ? statement->signed_number(0) : 0;
  }
  return Ok{};
}

Failure Database::failure(int code) const {
  // SQLite does not keep the system's error of a failed COMMIT, but nothing came after it.
  const int latest = errno;
  const int kept = handle() == nullptr ? 0 : sqlite3_system_errno(handle());
  const int system = kept != 0 ? kept : latest;
  std::string text = path_ + ": ";
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return fail(Errc::kStorage, text + "the file is damaged (" + sqlite3_errstr(code) +
                                      "); use `ringcast journal check`");
    case SQLITE_FULL:
      return fail(Errc::kStorageFull, text + sqlite3_errstr(code));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(Errc::kStorage, text + "another process keeps it locked");
    default:
      break;
  }
  text += handle() == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle());
  const bool is_system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
  if (is_system && system != 0) {
    text.append(": ").append(std::strerror(system));
  }
  const bool is_full = is_system && (system == ENOSPC || system == EDQUOT);
  return fail(is_full ? Errc::kStorageFull : Errc::kStorage, std::move(text));
}

}  // namespace ringcast::journal
