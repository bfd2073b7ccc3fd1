#include "net/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ringcast::net {

namespace {

constexpr int kBacklog = 4096;  // The kernel lowers it to net.core.somaxconn.

Failure system_failure(const Address& address, const char* what) {
  return fail(Errc::kIo, address.text() + ": " + what + ": " + std::strerror(errno));
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
  template <typename Kind>
  [[nodiscard]] const Kind& as() const {
    return reinterpret_cast<const Kind&>(storage);
  }
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

std::string unix_path_of(const SocketAddress& bound) {
  const size_t size = bound.size - offsetof(sockaddr_un, sun_path);
  const std::string_view path(bound.as<sockaddr_un>().sun_path, size);
  if (path.starts_with('\0')) {
    return "@" + std::string(path.substr(1));
  }
  return std::string(path.substr(0, path.find('\0')));
}

// Where a socket is bound; nothing when it is of another family.
std::optional<Address> bound_address(int descriptor) {
  SocketAddress bound;
  bound.size = sizeof bound.storage;
  if (::getsockname(descriptor, bound.raw(), &bound.size) != 0) {
    return std::nullopt;
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  switch (bound.storage.ss_family) {
    case AF_UNIX:
      return Address{.host = {}, .port = 0, .unix_path = unix_path_of(bound)};
    case AF_INET:
      inet_ntop(AF_INET, &bound.as<sockaddr_in>().sin_addr, text.data(), text.size());
      return Address{
          .host = text.data(), .port = ntohs(bound.as<sockaddr_in>().sin_port), .unix_path = {}};
    case AF_INET6:
      inet_ntop(AF_INET6, &bound.as<sockaddr_in6>().sin6_addr, text.data(), text.size());
      return Address{
          .host = text.data(), .port = ntohs(bound.as<sockaddr_in6>().sin6_port), .unix_path = {}};
    default:
      return std::nullopt;
  }
}

int socket_option(int descriptor, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
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
    listener.address_.port = bound_address(descriptor).value_or(address).port;
  }
  return listener;
}

Result<Listener> Listener::adopt(int descriptor) {
  if (socket_option(descriptor, SO_TYPE) != SOCK_STREAM ||
      socket_option(descriptor, SO_ACCEPTCONN) != 1) {
    return fail(Errc::kInvalid, "is not a listening stream socket");
  }
  std::optional<Address> address = bound_address(descriptor);
  if (!address) {
    return fail(Errc::kInvalid, "is neither an IP nor a unix socket");
  }
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  Listener listener(descriptor, *std::move(address));
  listener.is_adopted_ = true;
  return listener;
}

Listener::Listener(Listener&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      address_(std::move(other.address_)),
      is_adopted_(other.is_adopted_) {}

Listener::~Listener() {
  if (descriptor_ < 0) {
    return;
  }
  ::close(descriptor_);
  if (!is_adopted_ && !address_.unix_path.empty()) {
    ::unlink(address_.unix_path.c_str());
  }
}

void Listener::stop_listening() const noexcept {
  ::shutdown(descriptor_, SHUT_RDWR);
}

}  // namespace ringcast::net
