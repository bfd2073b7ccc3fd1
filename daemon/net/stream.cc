#include "net/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "net/tls_filter.h"

namespace ringcast::net {

namespace {

constexpr size_t kMostPieces = 4;
constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;

}  // namespace

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

Stream::Read Stream::read(std::span<char> buffer, size_t& size) {
  if (tls_) {
    const Read result = tls_->read(buffer, size);
    has_failed_ = has_failed_ || tls_->has_failed();
    update();
    return result;
  }
  for (;;) {
    const ssize_t got = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (got > 0) {
      size = static_cast<size_t>(got);
      return Read::kData;
    }
    if (got == 0) {
      return Read::kEnd;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return Read::kNothing;
    }
    if (errno != EINTR) {
      has_failed_ = true;
      return Read::kFailed;
    }
  }
}

size_t Stream::write(std::span<const std::string_view> pieces) {
  size_t total = 0;
  for (const std::string_view piece : pieces) {
    total += piece.size();
  }
  if (has_failed_) {
    return total;
  }
  const size_t taken = tls_ ? tls_->write(pieces) : write_plain(pieces);
  has_failed_ = has_failed_ || (tls_ && tls_->has_failed());
  if (has_failed_) {
    return total;
  }
  const bool is_full = taken < total;
  if (is_full != is_waiting_to_write_) {
    is_waiting_to_write_ = is_full;
    update();
  } else if (tls_) {
    update();
  }
  return taken;
}

size_t Stream::write_plain(std::span<const std::string_view> pieces) {
  std::array<iovec, kMostPieces> vectors{};
  size_t count = 0;
  for (const std::string_view piece : pieces) {
    if (!piece.empty() && count < vectors.size()) {  // What does not fit in is taken later.
      // sendmsg() does not write through it.
      vectors[count++] = {const_cast<char*>(piece.data()), piece.size()};  // NOLINT
    }
  }
  ssize_t sent = 0;
  do {
    if (count == 1) {  // Nearly always, and the kernel has less to copy and check.
      sent = ::send(descriptor_, vectors[0].iov_base, vectors[0].iov_len, kFlags);
      continue;
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    sent = ::sendmsg(descriptor_, &message, kFlags);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS) {
    has_failed_ = true;
  }
  return sent < 0 ? 0 : static_cast<size_t>(sent);
}

void Stream::set_reading(bool reading) {
  if (reading != is_reading_) {
    is_reading_ = reading;
    update();
  }
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

void Stream::update() {
  if (tls_) {
    update_tls();
    return;
  }
  const int events = (is_reading_ ? UV_READABLE : 0) | (is_waiting_to_write_ ? UV_WRITABLE : 0);
  if (events == 0) {
    uv_poll_stop(poll_.get());
  } else {
    uv_poll_start(poll_.get(), events, &Stream::on_event);
  }
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

void Stream::on_event(uv_poll_t* handle, int status, int events) noexcept {
  auto* owner = static_cast<StreamEvents*>(handle->data);
  if (owner == nullptr) {
    return;
  }
  if (status < 0) {
    owner->on_failed();  // libuv has stopped polling: there will be no second call.
    return;
  }
  if ((events & UV_READABLE) != 0) {
    owner->on_readable();
  }
  if ((events & UV_WRITABLE) != 0) {
    owner->on_writable();
  }
}

}  // namespace ringcast::net
