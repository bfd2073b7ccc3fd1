#pragma once

#include <uv.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "net/ip_address.h"
#include "net/loop.h"
#include "net/uv_handle.h"

namespace ringcast::net {

class TlsContext;
class TlsFilter;

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
// request for each write, and says exactly when the socket can take more. With TLS, what is read
// and written is the plaintext, and nothing else differs for the owner. Loop thread only.
class Stream {
 public:
  enum class Read { kData, kNothing, kEnd, kFailed };

  // Takes the descriptor over, also when it fails. `events` outlives the stream; `tls`, when it is
  // given, makes this the server of a TLS connection.
  static Result<Stream> adopt(Loop& loop, int descriptor, StreamEvents& events,
                              const TlsContext* tls = nullptr);
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
  // After a failure: the peer has answered nothing for the time of bound_kernel_memory().
  [[nodiscard]] bool has_timed_out() const noexcept;
  void set_reading(bool reading);
  // The address at the other end; nothing for a unix socket.
  [[nodiscard]] std::optional<IpAddress> peer() const;
  // Sends FIN; reading goes on (RFC 9112 section 9.6: lingering close).
  void shutdown_write();
  // Part of what write() took waits for the socket still.
  [[nodiscard]] bool has_unsent() const noexcept;
  // Bounds what the kernel holds for a reader that is slow, and for how long it retries for one
  // that is gone.
  void bound_kernel_memory(size_t send_buffer_bytes, unsigned user_timeout_ms);

 private:
  friend class TlsFilter;

  Stream(int descriptor, UvHandle<uv_poll_t> poll, std::unique_ptr<TlsFilter> tls);
  size_t write_plain(std::span<const std::string_view> pieces);
  void update();
  void update_tls();
  static void on_event(uv_poll_t* handle, int status, int events) noexcept;

  int descriptor_;
  bool is_reading_ = false;
  bool is_waiting_to_write_ = false;
  bool has_failed_ = false;
  bool has_timed_out_ = false;
  std::unique_ptr<TlsFilter> tls_;  // Null: plaintext.
  UvHandle<uv_poll_t> poll_;        // Its data is the StreamEvents: with TLS, the filter.
};

}  // namespace ringcast::net
