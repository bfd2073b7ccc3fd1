#pragma once

#include <string_view>

#include "cli/end_condition.h"
#include "cli/exit_code.h"

namespace ringcast::cli {

// Standard output, unbuffered: what was written is out. SIGPIPE is ignored by main().
class Output {
 public:
  // `end` (may be null, outlives this) can interrupt a write to somebody who does not read.
  explicit Output(int fd, EndCondition* end = nullptr) : fd_(fd), end_(end) {}

  // False when nothing more can be written, see exit_code(), or when `end` came true.
  bool write(std::string_view text);
  // kOk also when the reader has gone: `| head` has what it wanted.
  [[nodiscard]] ExitCode exit_code() const { return exit_code_; }

 private:
  bool wait_until_writable();

  int fd_;
  EndCondition* end_;
  ExitCode exit_code_ = ExitCode::kOk;
};

}  // namespace ringcast::cli
