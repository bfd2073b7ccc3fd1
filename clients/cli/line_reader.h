#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace ringcast::cli {

// Reads lines from a descriptor as they arrive: waits for the first, then takes what is already
// there without waiting, so that a slow writer's line leaves at once and a fast one's in batches.
class LineReader {
 public:
  struct Limits {
    size_t lines = 4'096;
    size_t bytes = 256ULL << 10U;      // Of a batch; one line may be longer.
    size_t line_bytes = 64ULL << 20U;  // Of a line.
  };

  LineReader(int fd, Limits limits) : fd_(fd), limits_(limits) {}

  // At least one line, without "\n" or "\r\n"; none at the end of the input. The last line needs
  // no end. kIo when reading fails, kTooLarge for a line over the limit.
  Result<std::vector<std::string>> next();

 private:
  Status fill();
  Status take_lines(std::vector<std::string>& lines);
  [[nodiscard]] Status too_long() const;
  [[nodiscard]] bool can_take_more(const std::vector<std::string>& lines) const;

  int fd_;
  Limits limits_;
  std::string buffer_;
  size_t begin_ = 0;    // What is before was taken.
  size_t scanned_ = 0;  // No "\n" between begin_ and here.
  size_t taken_bytes_ = 0;
  bool is_at_end_ = false;
};

// All that is left. kIo when reading fails, kTooLarge over `max_bytes`.
Result<std::string> read_all(int fd, size_t max_bytes);

}  // namespace ringcast::cli
