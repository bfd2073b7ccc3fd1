#include "cli/output.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <string>

#include "cli/messages.h"

namespace ringcast::cli {

bool Output::wait_until_writable() {
  while (end_->check() == EndCondition::Reason::kNone) {
    pollfd output{.fd = fd_, .events = POLLOUT, .revents = 0};
    if (end_->wait(output, UINT64_MAX) == EndCondition::Reason::kNone && output.revents != 0) {
      return true;
    }
  }
  return false;
}

bool Output::write(std::string_view text) {
  // A pipe that polls writable takes PIPE_BUF bytes without blocking (pipe(7)), so that a signal
  // is seen although the reader has stopped reading.
  const size_t most = end_ != nullptr ? PIPE_BUF : text.size();
  while (!text.empty()) {
    if (end_ != nullptr && !wait_until_writable()) {
      return false;
    }
    const ssize_t written = ::write(fd_, text.data(), std::min(most, text.size()));
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EPIPE) {
      return false;
    } else if (errno == EAGAIN) {
      pollfd writable{.fd = fd_, .events = POLLOUT, .revents = 0};
      poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      complain("cannot write the output: " + std::string(std::strerror(errno)));
      exit_code_ = ExitCode::kRefused;
      return false;
    }
  }
  return true;
}

}  // namespace ringcast::cli
