#pragma once

#include <utility>

#include "base/result.h"
#include "net/address.h"

namespace ringcast::net {

// A listening socket: opened before the loop runs, so that a bad address ends the start.
class Listener {
 public:
  // Binds and listens; a unix path that nobody listens on any more is taken over. kIo names the
  // address and the reason.
  static Result<Listener> open(const Address& address);
  // Takes over a stream socket that another process made listen, and that others may have open,
  // too: at the end it is closed, but a unix socket's path stays. kInvalid, and the descriptor is
  // left alone, when it is something else.
  static Result<Listener> adopt(int descriptor);
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  // With the port that the system chose. Of a unix socket without a path (unix(7)): "unix:@name".
  [[nodiscard]] const Address& address() const noexcept { return address_; }
  // Another process has opened it.
  [[nodiscard]] bool is_adopted() const noexcept { return is_adopted_; }
  // Nobody can connect any more, whoever else has the socket open; its address is free.
  void stop_listening() const noexcept;

 private:
  Listener(int descriptor, Address address)
      : descriptor_(descriptor), address_(std::move(address)) {}

  int descriptor_;
  Address address_;
  bool is_adopted_ = false;
};

}  // namespace ringcast::net
