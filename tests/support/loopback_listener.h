#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>

namespace ringcast::test {

// A free port of 127.0.0.1, for stubs of web servers that block on a thread of their own.
class LoopbackListener {
 public:
  LoopbackListener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener_, 8) == 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  LoopbackListener(const LoopbackListener&) = delete;
  LoopbackListener& operator=(const LoopbackListener&) = delete;
  ~LoopbackListener() { ::close(listener_); }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // The next connection, which the caller closes; -1 after stop().
  [[nodiscard]] int accept() const { return ::accept(listener_, nullptr, nullptr); }
  void stop() const { ::shutdown(listener_, SHUT_RDWR); }

 private:
  int listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  uint16_t port_ = 0;
};

// The head of a request, or what came of it.
inline std::string read_head(int connection) {
  std::string head;
  char byte = 0;
  while (!head.ends_with("\r\n\r\n") && ::recv(connection, &byte, 1, 0) == 1) {
    head += byte;
  }
  return head;
}

}  // namespace ringcast::test
