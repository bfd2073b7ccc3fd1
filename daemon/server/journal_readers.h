#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "topics/journal.h"

namespace ringcast::server {

// The threads that read the journal for those whose events have left memory: first come, first
// served, each job a page at most. Reads that fail are counted, and logged once a minute: readers
// are only told to come again.
class JournalReaders {
 public:
  using Job = std::function<void(topics::JournalReader&)>;

  // `clock` outlives it.
  JournalReaders(const Clock& clock, Log log);
  JournalReaders(const JournalReaders&) = delete;
  JournalReaders& operator=(const JournalReaders&) = delete;
  ~JournalReaders();

  // Starts `count` threads. kStorage when a reader cannot be opened.
  Status start(topics::Journal& journal, size_t count);
  // Any thread, after start(). Runs the job on one of the threads; jobs that still wait at the end
  // are dropped.
  void submit(Job job);
  // Of reads. Any thread.
  [[nodiscard]] uint64_t failures() const noexcept { return failures_; }

 private:
  class Watched;

  void run(topics::JournalReader& reader);
  void note(const Error& error);

  const Clock& clock_;
  const Log log_;
  std::atomic<uint64_t> failures_{0};
  std::atomic<int64_t> silent_until_ms_{0};

  std::mutex mutex_;  // Guards the next three.
  std::condition_variable work_;
  std::deque<Job> jobs_;
  bool is_stopping_ = false;
  std::vector<std::unique_ptr<topics::JournalReader>> readers_;
  std::vector<std::thread> threads_;
};

}  // namespace ringcast::server
