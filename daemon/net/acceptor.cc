#include "net/acceptor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace ringcast::net {

namespace {

constexpr int kAcceptsPerEvent = 64;
constexpr uint64_t kPauseMs = 100;

// As far as the request has come, and as far as the answer goes: the buffer of a new socket takes
// it whole.
void turn_away(int descriptor, const std::function<std::string(std::string_view)>& refusal) {
  std::array<char, 2048> start{};
  const ssize_t size = ::recv(descriptor, start.data(), start.size(), MSG_DONTWAIT);
  const std::string answer =
      refusal({start.data(), size > 0 ? static_cast<size_t>(size) : size_t{0}});
  [[maybe_unused]] const ssize_t sent =
      ::send(descriptor, answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

int open_spare() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace

Acceptor::Acceptor(Loop& loop, const Listener& listener, Events events, Log log)
    : listener_(listener), events_(std::move(events)), log_(std::move(log)), spare_(open_spare()) {
  auto poll = make_uv_handle<uv_poll_t>(
      this, [&](uv_poll_t* raw) { return uv_poll_init(loop.raw(), raw, listener.descriptor()); });
  auto pause = make_uv_handle<uv_timer_t>(
      this, [&](uv_timer_t* raw) { return uv_timer_init(loop.raw(), raw); });
  if (!poll || !pause || spare_ < 0) {
    std::abort();  // Out of descriptors at start-up.
  }
  poll_ = std::move(*poll);
  pause_ = std::move(*pause);
  set_accepting(true);
}

Acceptor::~Acceptor() {
  poll_.reset();
  pause_.reset();
  ::close(spare_);
}

void Acceptor::set_accepting(bool accepting) {
  is_accepting_ = accepting;
  if (accepting) {
    uv_poll_start(poll_.get(), UV_READABLE, &Acceptor::on_event);
  } else {
    uv_poll_stop(poll_.get());
    uv_timer_stop(pause_.get());
  }
}

void Acceptor::on_event(uv_poll_t* handle, int /*status*/, int /*events*/) noexcept {
  if (auto* self = static_cast<Acceptor*>(handle->data)) {
    self->accept_some();
  }
}

void Acceptor::on_pause_over(uv_timer_t* handle) noexcept {
  if (auto* self = static_cast<Acceptor*>(handle->data)) {
    self->set_accepting(self->is_accepting_);
  }
}

void Acceptor::accept_some() {
  for (int count = 0; count < kAcceptsPerEvent && is_accepting_; ++count) {
    const int descriptor =
        ::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      is_out_of_descriptors_ = false;
      events_.accepted(descriptor);
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      shed();
      return;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    }
    // ECONNABORTED, EINTR and errors of the connection itself (accept(2)): on to the next.
  }
}

// With no descriptor left, the connection stays in the backlog and the listener stays readable: the
// loop would spin. So the spare one makes room to take it, answer and close; then there is a pause.
void Acceptor::shed() {
  if (!std::exchange(is_out_of_descriptors_, true)) {
    log_({LogLevel::kError,
          "out of descriptors: refusing connections until some are closed",
          {{"address", listener_.address().text()}, {"error", std::strerror(errno)}},
          "net"});
  }
  ::close(spare_);
  const int descriptor =
      ::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor >= 0) {
    turn_away(descriptor, events_.refusal);
    ::close(descriptor);
  }
  spare_ = open_spare();
  uv_poll_stop(poll_.get());
  uv_timer_start(pause_.get(), &Acceptor::on_pause_over, kPauseMs, 0);
}

}  // namespace ringcast::net
