#include "journal/tool_database.h"

#include <sqlite3.h>

namespace ringcast::journal {

namespace {

constexpr int kBusyTimeoutMs = 10'000;

Failure failure_of(sqlite3* handle) {
  const bool is_full = sqlite3_errcode(handle) == SQLITE_FULL;
  const char* file = sqlite3_db_filename(handle, "main");
  const std::string where = file != nullptr && *file != '\0' ? std::string(file) + ": " : "";
  return fail(is_full ? Errc::kStorageFull : Errc::kStorage, where + sqlite3_errmsg(handle));
}

// SQLite takes a null pointer for NULL.
const char* data_of(std::string_view text) {
  return text.data() == nullptr ? "" : text.data();
}

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

void ToolStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void ToolStatement::bind(int parameter, uint64_t value) {
  bind(parameter, static_cast<int64_t>(value));
}

void ToolStatement::bind(int parameter, int64_t value) {
  sqlite3_bind_int64(statement_.get(), parameter, value);
}

void ToolStatement::bind(int parameter, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), parameter, data_of(text), text.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
}

void ToolStatement::bind_blob(int parameter, std::string_view bytes) {
  sqlite3_bind_blob64(statement_.get(), parameter, data_of(bytes), bytes.size(), SQLITE_STATIC);
}

void ToolStatement::bind_null(int parameter) {
  sqlite3_bind_null(statement_.get(), parameter);
}

Result<bool> ToolStatement::step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW || result == SQLITE_DONE) {
    return result == SQLITE_ROW;
  }
  return failure_of(sqlite3_db_handle(statement_.get()));
}

Status ToolStatement::run() {
  for (;;) {
    auto row = step();
    if (!row) {
      reset();
      return std::move(row).failure();
    }
    if (!*row) {
      reset();
      return Ok{};
    }
  }
}

void ToolStatement::reset() {
  sqlite3_reset(statement_.get());
}

bool ToolStatement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

int64_t ToolStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view ToolStatement::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes == nullptr ? std::string_view()
                          : std::string_view(static_cast<const char*>(bytes), size);
}

void ToolDatabase::Close::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

Result<ToolDatabase> ToolDatabase::open(const std::string& path, Mode mode) {
  return open_with(path, mode == Mode::kRead ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
}

Result<ToolDatabase> ToolDatabase::open_immutable(const std::string& path) {
  return open_with("file:" + escaped(path) + "?immutable=1",
                   SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

Result<ToolDatabase> ToolDatabase::open_with(const std::string& name, int flags) {
  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(name.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  ToolDatabase opened(handle);  // Also to be closed when it failed.
  if (result != SQLITE_OK) {
    return fail(Errc::kStorage, name + ": " + sqlite3_errstr(result));
  }
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  return opened;
}

Result<ToolStatement> ToolDatabase::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                        &statement, nullptr);
  if (result != SQLITE_OK) {
    return failure_of(handle_.get());
  }
  return ToolStatement(statement);
}

Status ToolDatabase::execute(const char* sql) {
  const int result = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  return result == SQLITE_OK ? Status(Ok{}) : Status(failure_of(handle_.get()));
}

Result<std::optional<int64_t>> ToolDatabase::integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) {
    return std::move(statement).failure();
  }
  auto row = statement->step();
  if (!row) {
    return std::move(row).failure();
  }
  return *row && !statement->is_null(0) ? std::optional(statement->integer(0)) : std::nullopt;
}

}  // namespace ringcast::journal
