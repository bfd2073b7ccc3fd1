#include "cli/progress.h"

#include <unistd.h>

#include <cstdio>
#include <string>

namespace ringcast::cli {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(100);
constexpr const char* kEmptyLine = "\r\x1b[K";

}  // namespace

Progress::Progress() : is_terminal_(isatty(STDERR_FILENO) == 1) {}

void Progress::show(std::string_view text, bool at_once) {
  const auto now = std::chrono::steady_clock::now();
  if (!is_terminal_ || (now < next_ && !at_once)) {
    return;
  }
  std::fputs((kEmptyLine + std::string(text)).c_str(), stderr);
  next_ = now + kInterval;
  is_shown_ = true;
}

void Progress::clear() {
  if (is_shown_) {
    std::fputs(kEmptyLine, stderr);
    is_shown_ = false;
  }
}

}  // namespace ringcast::cli
