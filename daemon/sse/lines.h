#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace ringcast::sse {

// Finds the line ends of a text, CR or LF, from front to back. Remembers the next one of each
// kind, so that a text with only one kind is not searched to its end for the other at every line.
// A local of the function that holds `text`, which must outlive it.
class LineEnds {
 public:
  explicit LineEnds(std::string_view text)
      : text_(text), next_cr_(find('\r', 0)), next_lf_(find('\n', 0)) {}

  // The first CR or LF at or after `from`, else the text's size. `from` never goes back.
  [[nodiscard]] size_t next(size_t from) {
    if (next_cr_ < from) {
      next_cr_ = find('\r', from);
    }
    if (next_lf_ < from) {
      next_lf_ = find('\n', from);
    }
    return std::min(next_cr_, next_lf_);
  }

 private:
  [[nodiscard]] size_t find(char end, size_t from) const {
    return std::min(text_.find(end, from), text_.size());
  }

  std::string_view text_;
  size_t next_cr_;
  size_t next_lf_;
};

// Calls `visit(line)` for the lines of `text`, cut at CRLF, CR and LF only (WHATWG HTML section
// 9.2.6). There is always at least one; a line end at the text's end is followed by an empty one.
template <typename Visit>
void each_line(std::string_view text, Visit visit) {
  LineEnds ends(text);
  size_t begin = 0;
  for (;;) {
    const size_t end = ends.next(begin);
    visit(text.substr(begin, end - begin));
    if (end == text.size()) {
      return;
    }
    begin = end + (text.substr(end, 2) == "\r\n" ? 2 : 1);
  }
}

// Appends each line of `text` with `prefix` before and LF after it.
inline void append_lines(std::string& out, std::string_view prefix, std::string_view text) {
  each_line(text, [&](std::string_view line) {
    out += prefix;
    out += line;
    out += '\n';
  });
}

}  // namespace ringcast::sse
