#pragma once

#include <chrono>
#include <string_view>

namespace ringcast::cli {

// One line on standard error that changes, when that is a terminal; else nothing.
class Progress {
 public:
  Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  // Shown when the last was long enough ago; `at_once` shows it always.
  void show(std::string_view text, bool at_once = false);
  // Before something else is printed.
  void clear();

 private:
  bool is_terminal_;
  bool is_shown_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace ringcast::cli
