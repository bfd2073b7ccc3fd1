#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "sse/event.h"

namespace ringcast::topics {

using EventRef = std::shared_ptr<const sse::Event>;
using BytesRef = std::shared_ptr<const std::string>;

// The one memory budget of the process. Events and buffers are charged for as long as anybody
// holds them, a blocked socket included. Thread-safe; outlives all that was charged to it.
class Budget {
 public:
  explicit Budget(uint64_t limit_bytes) : limit_(static_cast<int64_t>(limit_bytes)) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;
  ~Budget() = default;

  void charge(size_t bytes) noexcept {
    used_.fetch_add(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  }
  void release(size_t bytes) noexcept {
    used_.fetch_sub(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  }
  [[nodiscard]] int64_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] int64_t limit() const noexcept { return limit_; }
  [[nodiscard]] int64_t left() const noexcept { return limit_ - used(); }

  // Takes an event over and gives its bytes back when the last holder lets go.
  EventRef hold(std::unique_ptr<sse::Event> event) {
    const size_t bytes = event->memory();
    charge(bytes);
    return {event.release(), [this, bytes](const sse::Event* held) {
              delete held;  // NOLINT(cppcoreguidelines-owning-memory)
              release(bytes);
            }};
  }
  // The same for a prepared buffer.
  BytesRef hold(std::string&& text) {
    const size_t bytes = text.capacity() + sizeof(std::string);
    charge(bytes);
    // NOLINTNEXTLINE(cppcoreguidelines-owning-memory)
    return {new std::string(std::move(text)), [this, bytes](const std::string* held) {
              delete held;  // NOLINT(cppcoreguidelines-owning-memory)
              release(bytes);
            }};
  }
  // What somebody else owns as well counts as so many bytes until the last holder lets go.
  template <typename T>
  std::shared_ptr<const T> hold(std::shared_ptr<const T> shared, size_t bytes) {
    charge(bytes);
    const T* address = shared.get();
    return {address,
            [this, bytes, kept = std::move(shared)](const T* /*held*/) { release(bytes); }};
  }

 private:
  const int64_t limit_;
  std::atomic<int64_t> used_{0};
};

}  // namespace ringcast::topics
