#include "cli/table.h"

#include <algorithm>

namespace ringcast::cli {
namespace {

constexpr std::string_view kBetween = "  ";

// Characters, not bytes: all but UTF-8's continuation bytes.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace

std::string Table::text() const {
  std::vector<size_t> widths;
  std::vector<std::string> titles;
  for (const auto& column : columns_) {
    widths.push_back(width_of(column.title));
    titles.push_back(column.title);
  }
  for (const auto& row : rows_) {
    for (size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  }
  std::string out;
  const auto append_row = [&](const std::vector<std::string>& row) {
    for (size_t i = 0; i < widths.size(); ++i) {
      const std::string blanks(widths[i] - width_of(row[i]), ' ');
      out.append(i == 0 ? "" : kBetween);
      out.append(columns_[i].is_number ? blanks + row[i] : row[i] + blanks);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    out.push_back('\n');
  };
  append_row(titles);
  std::for_each(rows_.begin(), rows_.end(), append_row);
  return out;
}

std::string one_line(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\\') {
      out += "\\\\";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace ringcast::cli
