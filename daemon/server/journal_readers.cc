#include "server/journal_readers.h"

#include <utility>

namespace ringcast::server {

JournalReaders::~JournalReaders() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

Status JournalReaders::start(topics::Journal& journal, size_t count) {
  for (size_t index = 0; index < count; ++index) {
    Result<std::unique_ptr<topics::JournalReader>> reader = journal.open_reader();
    if (!reader) {
      return std::move(reader).failure();
    }
    readers_.push_back(std::move(*reader));
  }
  for (const auto& reader : readers_) {
    threads_.emplace_back([this, &reader = *reader] { run(reader); });
  }
  return Ok{};
}

void JournalReaders::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  work_.notify_one();
}

void JournalReaders::run(topics::JournalReader& reader) {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [this] { return !jobs_.empty() || is_stopping_; });
      if (is_stopping_) {
        return;
      }
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job(reader);
  }
}

}  // namespace ringcast::server
