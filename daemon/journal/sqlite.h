#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

// SQLite as the journal needs it: owners for its handles, and its errors as ours.
namespace ringcast::journal {

// A prepared statement. Bound bytes must live until reset().
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  Statement& bind(int at, int64_t value);
  Statement& bind(int at, uint64_t value);  // Above INT64_MAX: as INT64_MAX.
  Statement& bind_text(int at, std::string_view text);
  Statement& bind_blob(int at, std::string_view bytes);
  Statement& bind_null(int at);

  // SQLITE_ROW, SQLITE_DONE or an error.
  int step();
  // Steps to the end, ignores rows, resets. SQLITE_OK or an error.
  int run();
  void reset();

  // Of the row; text and blobs until the next step.
  [[nodiscard]] uint64_t number(int column) const;
  [[nodiscard]] int64_t signed_number(int column) const;
  [[nodiscard]] std::string_view bytes(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// The rows of a statement; resets it at the end.
class Rows {
 public:
  explicit Rows(Statement& statement) : statement_(statement) {}
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  ~Rows() { statement_.reset(); }

  bool next() { return (code_ = statement_.step()) == SQLITE_ROW; }
  // After next() said no: was that the end?
  [[nodiscard]] bool is_done() const { return code_ == SQLITE_DONE; }
  [[nodiscard]] int code() const { return code_; }

 private:
  Statement& statement_;
  int code_ = SQLITE_DONE;
};

// Locks are held for the length of a page or of a group; an operator's tool may hold one longer.
constexpr int kBusyTimeoutMs = 2000;

enum class Closing { kCheckpoints, kLeavesFilesAlone };

// A connection. One thread at a time. Outlives its statements.
class Database {
 public:
  Database() = default;

  // `flags` as of sqlite3_open_v2(). What is read later can fail, too: SQLite opens lazily.
  static Result<Database> open(const std::string& path, int flags, Closing closing);
  // For a file on a medium that takes no writes at all and that nobody else has open.
  static Result<Database> open_immutable(const std::string& path);
  Status close();
  // What closing the last connection does to the write-ahead log.
  void set_closing(Closing closing);

  Result<Statement> prepare(std::string_view sql);
  struct Preparation {
    Statement* statement;
    std::string_view sql;
  };
  Status prepare_all(std::initializer_list<Preparation> preparations);
  // One or several statements; rows are ignored.
  Status execute(const std::string& sql);
  // Fills each number with the first column of its query's first row; 0 when there is none.
  struct Reading {
    std::string_view sql;
    int64_t* number;
  };
  Status read_numbers(std::initializer_list<Reading> readings);

  // What the last call failed with, as a kStorage or kStorageFull.
  [[nodiscard]] Failure failure(int code) const;
  void name_in_messages(std::string name) { path_ = std::move(name); }
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::string path_;  // In messages.
  std::unique_ptr<sqlite3, Close> handle_;
};

// Ok, or the connection's failure.
inline Status checked(const Database& database, int code) {
  if (code != SQLITE_OK) {
    return database.failure(code);
  }
  return Ok{};
}

}  // namespace ringcast::journal
