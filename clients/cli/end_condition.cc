#include "cli/end_condition.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

namespace ringcast::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr uint64_t kLongestPollMs = 3'600'000;

// Rounded up: a poll that wakes early would spin until the time has come.
uint64_t ms_until(steady_clock::time_point when) {
  const auto left = std::chrono::ceil<milliseconds>(when - steady_clock::now());
  return left.count() > 0 ? static_cast<uint64_t>(left.count()) : 0;
}

int open_signal_fd() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

}  // namespace

EndCondition::EndCondition(int output, std::optional<uint64_t> timeout_ms)
    : signal_fd_(open_signal_fd()), output_fd_(output) {
  if (timeout_ms) {
    deadline_ = steady_clock::now() + milliseconds(*timeout_ms);
  }
}

EndCondition::~EndCondition() {
  if (signal_fd_ >= 0) {
    close(signal_fd_);
  }
}

EndCondition::Reason EndCondition::check() {
  if (reason_ != Reason::kNone) {
    return reason_;
  }
  // No events asked for: an error or a hang-up of the output is reported all the same.
  std::array<pollfd, 2> fds{{{.fd = signal_fd_, .events = POLLIN, .revents = 0},
                             {.fd = output_fd_, .events = 0, .revents = 0}}};
  poll(fds.data(), fds.size(), 0);
  if (fds[0].revents != 0) {
    reason_ = Reason::kSignal;
  } else if (fds[1].revents != 0) {
    reason_ = Reason::kOutputClosed;
  } else if (deadline_ && ms_until(*deadline_) == 0) {
    reason_ = Reason::kDeadline;
  }
  return reason_;
}

int EndCondition::poll_timeout_ms(uint64_t limit_ms) const {
  const uint64_t left = deadline_ ? ms_until(*deadline_) : limit_ms;
  return static_cast<int>(std::min({left, limit_ms, kLongestPollMs}));
}

EndCondition::Reason EndCondition::wait(pollfd& other, uint64_t limit_ms) {
  std::array<pollfd, 3> fds{{other,
                             {.fd = signal_fd_, .events = POLLIN, .revents = 0},
                             {.fd = output_fd_, .events = 0, .revents = 0}}};
  poll(fds.data(), fds.size(), poll_timeout_ms(limit_ms));
  other = fds[0];
  return check();
}

}  // namespace ringcast::cli
