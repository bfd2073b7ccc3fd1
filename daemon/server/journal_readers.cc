#include "server/journal_readers.h"

#include <utility>

namespace ringcast::server {

namespace {

constexpr int64_t kLogEveryMs = 60'000;

}  // namespace

// A reader whose failures are noted.
class JournalReaders::Watched final : public topics::JournalReader {
 public:
  Watched(std::unique_ptr<topics::JournalReader> reader, JournalReaders& readers)
      : reader_(std::move(reader)), readers_(readers) {}

  Result<topics::Page> read(const topics::PageQuery& query) override {
    return noted(reader_->read(query));
  }
  Result<uint64_t> find(const topics::PlaceQuery& query) override {
    return noted(reader_->find(query));
  }

 private:
  template <typename Found>
  Found noted(Found found) {
    if (!found) {
      readers_.note(found.error());
    }
    return found;
  }

  std::unique_ptr<topics::JournalReader> reader_;
  JournalReaders& readers_;
};

JournalReaders::JournalReaders(const Clock& clock, Log log) : clock_(clock), log_(std::move(log)) {}

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
    readers_.push_back(std::make_unique<Watched>(std::move(*reader), *this));
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

void JournalReaders::note(const Error& error) {
  ++failures_;
  const int64_t now_ms = clock_.steady_ms();
  int64_t silent_until_ms = silent_until_ms_;
  if (now_ms >= silent_until_ms &&
      silent_until_ms_.compare_exchange_strong(silent_until_ms, now_ms + kLogEveryMs)) {
    log_({LogLevel::kError,
          "events in the journal cannot be read: who needs them is told to come again",
          {{"error", error.detail}},
          "journal"});
  }
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
