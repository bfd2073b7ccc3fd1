#include "net/mailbox.h"

#include <utility>

namespace ringcast::net {

namespace {

UvHandle<uv_async_t> make_wakeup(Loop& loop, void* owner, uv_async_cb callback) {
  auto handle = make_uv_handle<uv_async_t>(
      owner, [&](uv_async_t* raw) { return uv_async_init(loop.raw(), raw, callback); });
  if (!handle) {
    std::abort();  // Out of descriptors at start-up.
  }
  return std::move(*handle);
}

}  // namespace

Mailbox::Mailbox(Loop& loop) : wakeup_(make_wakeup(loop, this, &Mailbox::on_wakeup)) {}

bool Mailbox::post(Task task) {
  const bool is_open = put(std::move(task));
  wake();
  return is_open;
}

bool Mailbox::put(Task task) {
  const std::lock_guard lock(mutex_);
  if (!wakeup_) {
    return false;
  }
  queue_.push_back(std::move(task));
  return true;
}

// Under the lock, because close() may free the handle as soon as it is released.
void Mailbox::wake() {
  const std::lock_guard lock(mutex_);
  if (wakeup_) {
    uv_async_send(wakeup_.get());
  }
}

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  wakeup_.reset();
}

void Mailbox::on_wakeup(uv_async_t* handle) noexcept {
  if (auto* self = static_cast<Mailbox*>(handle->data)) {
    self->drain();
  }
}

// libuv merges wake-ups, so one call has to take everything that was posted.
void Mailbox::drain() {
  std::vector<Task> batch;
  {
    const std::lock_guard lock(mutex_);
    batch.swap(queue_);
  }
  for (const Task& task : batch) {
    task();
  }
}

}  // namespace ringcast::net
