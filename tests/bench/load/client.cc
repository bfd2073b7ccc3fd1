#include "load/client.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace ringcast::bench {

namespace {

constexpr size_t kLeastErased = 4 << 20;  // A long body is not moved for each piece that leaves.

Client* client_of(llhttp_t* parser) {
  return static_cast<Client*>(parser->data);
}

}  // namespace

const llhttp_settings_t& Client::callbacks() {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_headers_complete = [](llhttp_t* parser) {
      client_of(parser)->on_status(parser->status_code);
      return 0;
    };
    made.on_body = [](llhttp_t* parser, const char* bytes, size_t size) {
      client_of(parser)->on_body({bytes, size});
      return 0;
    };
    made.on_message_complete = [](llhttp_t* parser) {
      client_of(parser)->on_answered();
      return 0;
    };
    return made;
  }();
  return settings;
}

void Client::connect(const sockaddr_in& address) {
  close();
  out_.clear();
  sent_ = 0;
  llhttp_init(&parser_, HTTP_RESPONSE, &callbacks());
  parser_.data = this;
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) {
    die("socket");
  }
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS) {
    die("connect");
  }
  reactor_.add(descriptor_, *this, is_urgent_);
}

void Client::send(std::string_view bytes) {
  const bool may_go = out_.empty();
  out_.append(bytes);
  if (may_go) {
    flush();
  }
}

void Client::cut() {
  if (is_open()) {
    const linger reset = {.l_onoff = 1, .l_linger = 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close();
  }
}

void Client::stop_reading() {
  reactor_.remove(descriptor_, is_urgent_);
}

void Client::on_ready() {
  if (is_open() && !out_.empty()) {
    flush();
  }
  while (is_open() && read()) {
  }
}

void Client::flush() {
  const ssize_t sent = ::send(descriptor_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
  if (sent >= 0) {
    sent_ += static_cast<size_t>(sent);
    if (sent_ == out_.size() || sent_ >= kLeastErased) {
      out_.erase(0, std::exchange(sent_, 0));
    }
  } else if (errno != EAGAIN && errno != ENOTCONN) {
    lose();
  }
}

// True when there may be more: after a short read the next edge tells.
bool Client::read() {
  static std::array<char, 256 << 10> buffer;
  const ssize_t got = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN)) {
    return false;
  }
  if (got <= 0) {
    lose();
    return false;
  }
  const llhttp_errno_t result = llhttp_execute(&parser_, buffer.data(), static_cast<size_t>(got));
  if (result != HPE_OK && is_open()) {
    lose();
    return false;
  }
  on_read();
  return is_open() && static_cast<size_t>(got) == buffer.size();
}

void Client::lose() {
  close();
  on_lost();
}

void Client::close() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
    descriptor_ = -1;
  }
}

}  // namespace ringcast::bench
