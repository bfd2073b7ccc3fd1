#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <optional>

namespace ringcast::cli {

// Why a long-running command should end: SIGINT or SIGTERM, its deadline, or nobody reads its
// output any more. Made once, before other threads; the signals stay blocked and come through a
// descriptor, so that waiting for them races with nothing.
class EndCondition {
 public:
  enum class Reason { kNone, kSignal, kDeadline, kOutputClosed };

  // `output`: the descriptor whose reader may go away. It outlives this.
  EndCondition(int output, std::optional<uint64_t> timeout_ms);
  EndCondition(const EndCondition&) = delete;
  EndCondition& operator=(const EndCondition&) = delete;
  ~EndCondition();

  // What is true now; once a reason was found it stays.
  Reason check();
  // Polls `other`, setting its `revents`, for at most `limit_ms`, or until there is a reason to
  // end.
  Reason wait(pollfd& other, uint64_t limit_ms);

 private:
  [[nodiscard]] int poll_timeout_ms(uint64_t limit_ms) const;

  int signal_fd_;
  int output_fd_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  Reason reason_ = Reason::kNone;
};

}  // namespace ringcast::cli
