#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

#include "base/counter.h"
#include "base/duration_histogram.h"
#include "base/log.h"
#include "server/hub.h"
#include "topics/journal.h"

namespace ringcast::server {

// The one thread that writes the journal: reads back what it holds, then commits what the hub has,
// syncs what is due, and says when the disk fails and when it works again.
class JournalThread {
 public:
  struct Counts {
    Counter commits;
    Counter failures;
    Counter turns;                         // It does not stand still.
    std::atomic<uint64_t> read_topics{0};  // At the start, so far.
    std::atomic<uint64_t> read_events{0};
    DurationHistogram syncs;  // Those that are no part of a commit.
    std::atomic<uint64_t> used_bytes{0};
    std::atomic<uint64_t> limit_bytes{0};
    std::atomic<uint64_t> disk_bytes{0};
    std::atomic<bool> is_failing{false};
  };

  // `restored` is called once, on this thread. Hub and journal outlive it.
  JournalThread(Hub& hub, topics::Journal& journal, Log log,
                std::function<void(const Status&)> restored);
  JournalThread(const JournalThread&) = delete;
  JournalThread& operator=(const JournalThread&) = delete;
  // Writes what still waits. The workers have ended, or get no more answers.
  ~JournalThread();

  // Any thread. `max_bytes`: of all files together.
  void set_options(int64_t sync_interval_ms, uint64_t max_bytes);
  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

 private:
  void run(const std::function<void(const Status&)>& restored);
  Status restore();
  void sync_if_due();
  Result<bool> commit();
  bool shrink();
  void count_usage();
  void note(const Status& done);

  Hub& hub_;
  topics::Journal& journal_;
  const Log log_;
  Counts counts_;
  std::atomic<int64_t> sync_interval_ms_{1000};
  std::atomic<uint64_t> max_bytes_{0};  // 0: as it is.
  int64_t synced_ms_ = 0;
  bool is_sync_failing_ = false;
  std::thread thread_;
};

}  // namespace ringcast::server
