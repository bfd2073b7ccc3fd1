#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"
#include "topics/journal.h"

namespace ringcast::server {

// The threads that read the journal for those whose events have left memory: first come, first
// served, each job a page at most.
class JournalReaders {
 public:
  using Job = std::function<void(topics::JournalReader&)>;

  JournalReaders() = default;
  JournalReaders(const JournalReaders&) = delete;
  JournalReaders& operator=(const JournalReaders&) = delete;
  ~JournalReaders();

  // Starts `count` threads. kStorage when a reader cannot be opened.
  Status start(topics::Journal& journal, size_t count);
  // Any thread, after start(). Runs the job on one of the threads; jobs that still wait at the end
  // are dropped.
  void submit(Job job);

 private:
  void run(topics::JournalReader& reader);

  std::mutex mutex_;  // Guards the next three.
  std::condition_variable work_;
  std::deque<Job> jobs_;
  bool is_stopping_ = false;
  std::vector<std::unique_ptr<topics::JournalReader>> readers_;
  std::vector<std::thread> threads_;
};

}  // namespace ringcast::server
