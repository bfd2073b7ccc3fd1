#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

// SQLite for the tools, which need little of it.
namespace ringcast::journal {

// A prepared statement. Lives no longer than its ToolDatabase. Parameters count from 1, columns
// from 0; bound views live until reset(), views of columns until the next step().
class ToolStatement {
 public:
  void bind(int parameter, uint64_t value);
  void bind(int parameter, int64_t value);
  void bind(int parameter, std::string_view text);
  void bind_blob(int parameter, std::string_view bytes);
  void bind_null(int parameter);

  // Is there another row?
  Result<bool> step();
  // To the end, and ready for the next time.
  Status run();
  void reset();

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] int64_t integer(int column) const;
  [[nodiscard]] uint64_t number(int column) const { return static_cast<uint64_t>(integer(column)); }
  [[nodiscard]] std::string_view text(int column) const;  // Also of a blob; empty for NULL.

 private:
  friend class ToolDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit ToolStatement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// A connection, for one thread. Errors: kStorageFull when the disk is full, else kStorage with the
// file's name.
class ToolDatabase {
 public:
  enum class Mode { kRead, kWrite };

  // The file exists; an empty one becomes a database when it is written to.
  static Result<ToolDatabase> open(const std::string& path, Mode mode);
  // For a file on a medium that takes no writes at all and that nobody else has open.
  static Result<ToolDatabase> open_immutable(const std::string& path);

  Result<ToolStatement> prepare(std::string_view sql);
  // Statements without parameters; rows are dropped.
  Status execute(const char* sql);
  // The first column of the first row: nothing without a row, or when it is NULL.
  Result<std::optional<int64_t>> integer(std::string_view sql);

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  explicit ToolDatabase(sqlite3* handle) : handle_(handle) {}
  static Result<ToolDatabase> open_with(const std::string& name, int flags);

  std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace ringcast::journal
