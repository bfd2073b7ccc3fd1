#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringcast::app {

// What `systemctl status` tells of the daemon in one line.
struct ServiceStatus {
  enum class Phase { kStarting, kServing, kDraining, kEnding };
  Phase phase = Phase::kStarting;
  std::vector<std::string> addresses;
  uint64_t subscribers = 0;
  uint64_t topics = 0;
  uint64_t read_topics = 0;     // Of the journal, while it starts...
  uint64_t read_events = 0;     // ...the newest ones, until memory has enough of them...
  uint64_t journal_events = 0;  // ...of about so many.
  int64_t drain_left_ms = 0;
  bool is_journal_failing = false;
  bool has_failed_reload = false;  // The last one.
};

[[nodiscard]] std::string status_text(const ServiceStatus& status);

}  // namespace ringcast::app
