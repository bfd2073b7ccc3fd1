// The beginning and the end of a stream, and what it waits for with TLS.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "net/stream.h"
#include "net/tls_filter.h"

namespace ringcast::net {

Result<Stream> Stream::adopt(Loop& loop, int descriptor, StreamEvents& events,
                             const TlsContext* tls) {
  std::unique_ptr<TlsFilter> filter =
      tls != nullptr ? TlsFilter::create(*tls, descriptor, events) : nullptr;
  if (tls != nullptr && !filter) {
    ::close(descriptor);
    return fail(Errc::kIo, "no memory for TLS");
  }
  StreamEvents* const told = filter ? filter.get() : &events;
  auto poll = make_uv_handle<uv_poll_t>(
      told, [&](uv_poll_t* raw) { return uv_poll_init(loop.raw(), raw, descriptor); });
  if (!poll) {
    ::close(descriptor);
    return std::move(poll).failure();
  }
  const int on = 1;  // Has no meaning on a unix socket, where it fails harmlessly.
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return Stream(descriptor, std::move(*poll), std::move(filter));
}

Stream::Stream(int descriptor, UvHandle<uv_poll_t> poll, std::unique_ptr<TlsFilter> tls)
    : descriptor_(descriptor), tls_(std::move(tls)), poll_(std::move(poll)) {
  if (tls_) {
    tls_->set_stream(*this);
  }
}

Stream::Stream(Stream&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      is_reading_(other.is_reading_),
      is_waiting_to_write_(other.is_waiting_to_write_),
      has_failed_(other.has_failed_),
      has_timed_out_(other.has_timed_out_),
      tls_(std::move(other.tls_)),
      poll_(std::move(other.poll_)) {
  if (tls_) {
    tls_->set_stream(*this);
  }
}

Stream::~Stream() {
  poll_.reset();  // Off the loop first: the number of the descriptor may be taken at once.
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

std::optional<IpAddress> Stream::peer() const {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  return ::getpeername(descriptor_, address, &size) == 0 ? IpAddress::of(address) : std::nullopt;
}

void Stream::shutdown_write() {
  if (tls_) {
    tls_->shutdown_write();
    update();
    return;
  }
  ::shutdown(descriptor_, SHUT_WR);
}

bool Stream::has_unsent() const noexcept {
  return tls_ && tls_->has_unsent();
}

void Stream::bound_kernel_memory(size_t send_buffer_bytes, unsigned user_timeout_ms) {
  const int bytes = static_cast<int>(send_buffer_bytes);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms,
               sizeof user_timeout_ms);
}

// The error is the socket's still, or was given to a call before.
bool Stream::has_timed_out() const noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  return has_timed_out_ || (::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
                            error == ETIMEDOUT);
}

// What waits for the socket goes first; what waits in the filter is told by a socket that, nearly
// always, can be written to.
void Stream::update_tls() {
  const bool reads = is_reading_ && tls_->may_receive();
  const bool sends = tls_->has_unsent() || (is_waiting_to_write_ && tls_->is_ready());
  const bool writes = (sends && !has_failed_) || (is_reading_ && tls_->has_unread());
  const int events = (reads ? UV_READABLE : 0) | (writes ? UV_WRITABLE : 0);
  if (events == tls_->polled()) {
    return;  // libuv would ask the kernel again.
  }
  tls_->set_polled(events);
  if (events == 0) {
    uv_poll_stop(poll_.get());
  } else {
    uv_poll_start(poll_.get(), events, &Stream::on_event);
  }
}

}  // namespace ringcast::net
