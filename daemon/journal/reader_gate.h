#pragma once

#include <condition_variable>
#include <mutex>

namespace ringcast::journal {

// Lets the writer have the log for itself for a moment: readers that follow each other closely
// never leave it alone, and then it could not begin anew. Any thread.
class ReaderGate {
 public:
  // A reader's transaction.
  class Visit {
   public:
    explicit Visit(ReaderGate& gate) : gate_(gate) { gate_.enter(); }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    ~Visit() { gate_.leave(); }

   private:
    ReaderGate& gate_;
  };

  // The writer's time alone: waits for those who are inside, a page each, and holds others up.
  class Closed {
   public:
    explicit Closed(ReaderGate& gate) : gate_(gate) { gate_.close(); }
    Closed(const Closed&) = delete;
    Closed& operator=(const Closed&) = delete;
    ~Closed() { gate_.open(); }

   private:
    ReaderGate& gate_;
  };

 private:
  void enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !is_closed_; });
    ++inside_;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    if (--inside_ == 0) {
      changed_.notify_all();
    }
  }
  void close() {
    std::unique_lock lock(mutex_);
    is_closed_ = true;
    changed_.wait(lock, [this] { return inside_ == 0; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_closed_ = false;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;
  bool is_closed_ = false;
};

}  // namespace ringcast::journal
