#pragma once

#include <uv.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"
#include "net/loop.h"
#include "net/uv_handle.h"

namespace ringcast::net {

// What a stream tells its owner, who must not destroy the stream inside of it.
class StreamEvents {
 public:
  StreamEvents() = default;
  StreamEvents(const StreamEvents&) = delete;
  StreamEvents& operator=(const StreamEvents&) = delete;
  virtual ~StreamEvents() = default;

  virtual void on_readable() = 0;
  virtual void on_writable() = 0;
  // The socket is in error; nothing more comes or goes.
  virtual void on_failed() = 0;
};

// A connected socket on a loop. A uv_poll_t rather than a uv_stream_t: it is smaller, needs no
// request for each write, and says exactly when the socket can take more. Loop thread only.
class Stream {
 public:
  enum class Read { kData, kNothing, kEnd, kFailed };

  // Takes the descriptor over, also when it fails. `events` outlives the stream.
  static Result<Stream> adopt(Loop& loop, int descriptor, StreamEvents& events);
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&&) = delete;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  // Reads what is there into `buffer`. kEnd: the peer has closed its side.
  Read read(std::span<char> buffer, size_t& size);
  // Sends as much as goes without waiting. When the socket is full, on_writable() comes once it is
  // not. After a failure it takes everything and has_failed() says so.
  size_t write(std::span<const std::string_view> pieces);
  [[nodiscard]] bool has_failed() const noexcept { return has_failed_; }
  void set_reading(bool reading);
  // Sends FIN; reading goes on (RFC 9112 section 9.6: lingering close).
  void shutdown_write();
  // Bounds what the kernel holds for a reader that is slow, and for how long it retries for one
  // that is gone.
  void bound_kernel_memory(size_t send_buffer_bytes, unsigned user_timeout_ms);

 private:
  Stream(int descriptor, UvHandle<uv_poll_t> poll)
      : descriptor_(descriptor), poll_(std::move(poll)) {}
  void update();
  static void on_event(uv_poll_t* handle, int status, int events) noexcept;

  int descriptor_;
  bool is_reading_ = false;
  bool is_waiting_to_write_ = false;
  bool has_failed_ = false;
  UvHandle<uv_poll_t> poll_;  // Its data is the StreamEvents.
};

}  // namespace ringcast::net
