#include "net/acceptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace ringcast::net {

namespace {

constexpr int kBacklog = 4096;  // The kernel lowers it to net.core.somaxconn.
constexpr int kAcceptsPerEvent = 64;
constexpr uint64_t kPauseMs = 100;

Failure system_failure(const Address& address, const char* what) {
  return fail(Errc::kIo, address.text() + ": " + what + ": " + std::strerror(errno));
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress to_socket_address(const Address& address) {
  SocketAddress result;
  if (!address.unix_path.empty()) {
    auto* local = reinterpret_cast<sockaddr_un*>(&result.storage);
    local->sun_family = AF_UNIX;
    address.unix_path.copy(local->sun_path, sizeof local->sun_path - 1);
    result.size = sizeof *local;
    return result;
  }
  if (address.host.find(':') != std::string::npos) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr);
    result.size = sizeof *v6;
    return result;
  }
  auto* v4 = reinterpret_cast<sockaddr_in*>(&result.storage);
  v4->sin_family = AF_INET;
  v4->sin_port = htons(address.port);
  inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr);
  result.size = sizeof *v4;
  return result;
}

// A socket file that its daemon left behind when it was killed would make bind() fail for ever.
void remove_stale_socket(const Address& address) {
  struct stat status {};
  if (::lstat(address.unix_path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) {
    return;
  }
  SocketAddress target = to_socket_address(address);
  // Non-blocking: the backlog of one that is alive may be full, and connect() would wait for room.
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) {
    return;
  }
  if (::connect(probe, target.raw(), target.size) != 0 && errno == ECONNREFUSED) {
    ::unlink(address.unix_path.c_str());
  }
  ::close(probe);
}

void set_options(int descriptor, int family) {
  const int on = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET6) {
    // So that [::]:8080 and 0.0.0.0:8080 can stand side by side, as two entries of `listen`.
    ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
}

uint16_t bound_port(int descriptor) {
  SocketAddress bound;
  bound.size = sizeof bound.storage;
  if (::getsockname(descriptor, bound.raw(), &bound.size) != 0) {
    return 0;
  }
  return bound.storage.ss_family == AF_INET6
             ? ntohs(reinterpret_cast<sockaddr_in6*>(&bound.storage)->sin6_port)
             : ntohs(reinterpret_cast<sockaddr_in*>(&bound.storage)->sin_port);
}

// As far as the request has come, and as far as the answer goes: the buffer of a new socket takes
// it whole.
void refuse(int descriptor, const std::function<std::string(std::string_view)>& refusal) {
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

Result<Listener> Listener::open(const Address& address) {
  SocketAddress target = to_socket_address(address);
  const bool is_unix = !address.unix_path.empty();
  const int descriptor =
      ::socket(target.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    return system_failure(address, "socket");
  }
  Listener listener(descriptor, address);
  listener.address_.unix_path.clear();  // Not ours to remove until it is bound.
  set_options(descriptor, target.storage.ss_family);
  if (is_unix) {
    remove_stale_socket(address);
  }
  if (::bind(descriptor, target.raw(), target.size) != 0) {
    return system_failure(address, "cannot bind");
  }
  listener.address_.unix_path = address.unix_path;
  if (is_unix && ::chmod(address.unix_path.c_str(), address.unix_mode) != 0) {
    return system_failure(address, "cannot set the mode");
  }
  if (::listen(descriptor, kBacklog) != 0) {
    return system_failure(address, "cannot listen");
  }
  if (!is_unix) {
    listener.address_.port = bound_port(descriptor);
  }
  return listener;
}

Listener::Listener(Listener&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), address_(std::move(other.address_)) {}

Listener::~Listener() {
  if (descriptor_ < 0) {
    return;
  }
  ::close(descriptor_);
  if (!address_.unix_path.empty()) {
    ::unlink(address_.unix_path.c_str());
  }
}

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
    refuse(descriptor, events_.refusal);
    ::close(descriptor);
  }
  spare_ = open_spare();
  uv_poll_stop(poll_.get());
  uv_timer_start(pause_.get(), &Acceptor::on_pause_over, kPauseMs, 0);
}

}  // namespace ringcast::net
