#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringcast::cli {

// Rows with aligned columns.
class Table {
 public:
  struct Column {
    std::string title;
    bool is_number = false;  // Numbers end at the same place, text starts there.
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // With the titles as the first line; no blanks at the ends of lines.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// `text` for one line of a terminal: control characters become \n, \t, \xNN, a backslash \\.
[[nodiscard]] std::string one_line(std::string_view text);

}  // namespace ringcast::cli
