#pragma once

#include <uv.h>

#include <functional>
#include <mutex>
#include <vector>

#include "net/loop.h"
#include "net/uv_handle.h"

namespace ringcast::net {

// Runs tasks from any thread on the thread of one loop, in the order each thread posted them. For
// rare things (new connections, reloads): whoever posts bounds what waits.
class Mailbox {
 public:
  using Task = std::function<void()>;

  explicit Mailbox(Loop& loop);
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox() = default;

  // Thread-safe. False once close() ran; the task is dropped then.
  bool post(Task task);
  // The same, and runs it after the next post() or wake().
  bool put(Task task);
  // Thread-safe: makes the loop turn, without a task.
  void wake();
  // Loop thread only. Without it the loop never becomes idle.
  void close();

 private:
  static void on_wakeup(uv_async_t* handle) noexcept;
  void drain();

  std::mutex mutex_;
  std::vector<Task> queue_;      // guarded by mutex_
  UvHandle<uv_async_t> wakeup_;  // guarded by mutex_
};

}  // namespace ringcast::net
