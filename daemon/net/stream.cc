#include "net/stream.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <utility>

#include "net/send_flags.h"
#include "net/tls_filter.h"

namespace ringcast::net {

namespace {

constexpr size_t kMostPieces = 4;

}  // namespace

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
      has_timed_out_ = errno == ETIMEDOUT;
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
      sent = ::send(descriptor_, vectors[0].iov_base, vectors[0].iov_len, kSendFlags);
      continue;
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    sent = ::sendmsg(descriptor_, &message, kSendFlags);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS) {
    has_failed_ = true;
    has_timed_out_ = errno == ETIMEDOUT;
  }
  return sent < 0 ? 0 : static_cast<size_t>(sent);
}

void Stream::set_reading(bool reading) {
  if (reading != is_reading_) {
    is_reading_ = reading;
    update();
  }
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
