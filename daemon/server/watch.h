#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/access_log.h"
#include "server/top_list.h"
#include "sse/blocks.h"

namespace ringcast::server {

// An answer of 400 and above, or a stream that was told to come later.
struct RefusalNotice {
  int64_t unix_ms = 0;
  int status = 0;
  std::string who;  // As in the access log, like the next ones.
  std::string client;
  std::string method;
  std::string path;
  std::string reason;
};

// A gap event that a reader was told.
struct GapNotice {
  int64_t unix_ms = 0;
  sse::Gap gap;
  std::string who;
  std::string client;
  TopicNames topics;  // That it subscribed to.
};

// A reader that does not have everything.
struct SlowReader {
  enum class State { kServed, kBlocked, kReplaying, kOnDisk };
  State state = State::kServed;
  int64_t lag_ms = 0;      // The age of the oldest event that it has not got; 0: nothing is known.
  int64_t stalled_ms = 0;  // Its socket has taken nothing for so long; 0: it takes.
  uint64_t events = 0;     // That it has not got, in memory.
  bool has_more = false;   // There are others, on disk or in topics that were not looked at.
  bool is_lapped = false;  // What it wants next has left the history: it will be told of a gap.
  std::string late_topic;  // That the oldest event is in.
  std::string who;
  std::string client;
  TopicNames topics;

  // Who has waited longest comes first.
  [[nodiscard]] int64_t late_ms() const { return std::max(lag_ms, stalled_ms); }
  static bool is_slower(const SlowReader& one, const SlowReader& other) {
    return std::pair(one.late_ms(), one.events) > std::pair(other.late_ms(), other.events);
  }
};

// All streams of a worker, looked at once.
struct ReaderPass {
  uint64_t streams = 0;
  uint64_t behind = 0;   // Without everything,
  uint64_t blocked = 0;  // and those of them whose socket is full.
  std::vector<SlowReader> slowest;
};

// What one worker tells whoever watches the broker. Nobody watches: it costs a look at a flag. The
// worker's thread notes, the main thread says what is wanted and takes.
class Watch {
 public:
  static constexpr size_t kMostNotices = 32;  // Of a kind, between two takings.
  static constexpr size_t kMostReaders = 20;

  struct Wanted {
    bool refusals = false;
    bool gaps = false;
    bool readers = false;
    bool operator==(const Wanted&) const = default;
  };
  template <typename Notice>
  struct Notices {
    std::vector<Notice> kept;
    uint64_t left_out = 0;  // There was no room for so many.
  };

  void want(Wanted wanted);
  [[nodiscard]] bool wants_refusals() const noexcept { return wants_refusals_.load(kRelaxed); }
  [[nodiscard]] bool wants_gaps() const noexcept { return wants_gaps_.load(kRelaxed); }
  [[nodiscard]] bool wants_readers() const noexcept { return wants_readers_.load(kRelaxed); }

  // `make` is called when there is room.
  template <typename Make>
  void note_refusal(Make make) {
    note(refusals_, make);
  }
  template <typename Make>
  void note_gap(Make make) {
    note(gaps_, make);
  }
  void set_readers(ReaderPass pass);

  Notices<RefusalNotice> take_refusals() { return take(refusals_); }
  Notices<GapNotice> take_gaps() { return take(gaps_); }
  // What was found last.
  [[nodiscard]] ReaderPass readers();

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;

  template <typename Notice, typename Make>
  void note(Notices<Notice>& notices, Make make) {
    {
      const std::lock_guard lock(mutex_);
      if (notices.kept.size() >= kMostNotices) {
        ++notices.left_out;
        return;
      }
    }
    Notice notice = make();
    const std::lock_guard lock(mutex_);
    notices.kept.push_back(std::move(notice));
  }
  template <typename Notice>
  Notices<Notice> take(Notices<Notice>& notices) {
    const std::lock_guard lock(mutex_);
    return std::exchange(notices, {});
  }

  std::atomic<bool> wants_refusals_{false};
  std::atomic<bool> wants_gaps_{false};
  std::atomic<bool> wants_readers_{false};
  std::mutex mutex_;  // Guards all below.
  Notices<RefusalNotice> refusals_;
  Notices<GapNotice> gaps_;
  ReaderPass readers_;
};

// Where a worker is in looking at its streams: a part of them at each tick, so that no turn of the
// loop gets long.
struct ReaderScan {
  size_t next = 0;  // In its table.
  bool is_under_way = false;
  int64_t due_ms = 0;  // When the next pass begins, steady.
  ReaderPass pass;     // So far, but for the slowest:
  TopList<SlowReader, SlowReader::is_slower> slowest{Watch::kMostReaders};
};

}  // namespace ringcast::server
