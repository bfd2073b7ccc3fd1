#pragma once

#include <uv.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/uv_handle.h"

namespace ringcast::net {

// A listening socket: opened before the loop runs, so that a bad address ends the start.
class Listener {
 public:
  // Binds and listens; a unix path that nobody listens on any more is taken over. kIo names the
  // address and the reason.
  static Result<Listener> open(const Address& address);
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  // With the port that the system chose.
  [[nodiscard]] const Address& address() const noexcept { return address_; }

 private:
  Listener(int descriptor, Address address)
      : descriptor_(descriptor), address_(std::move(address)) {}

  int descriptor_;
  Address address_;
};

// Accepts connections and hands their descriptors on (non-blocking, close-on-exec). When the
// process is out of descriptors, a spare one serves to take and refuse a connection at a time, and
// accepting pauses in between: nothing spins, and the log says so. Loop thread only.
class Acceptor {
 public:
  struct Events {
    std::function<void(int descriptor)> accepted;
    // Out of descriptors: the answer to a request that begins like this, before it is closed.
    std::function<std::string(std::string_view start)> refusal;
  };

  // The listener outlives the acceptor.
  Acceptor(Loop& loop, const Listener& listener, Events events, Log log);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  ~Acceptor();

  // Stops and starts accepting; what comes meanwhile waits in the kernel's backlog.
  void set_accepting(bool accepting);

 private:
  static void on_event(uv_poll_t* handle, int status, int events) noexcept;
  static void on_pause_over(uv_timer_t* handle) noexcept;
  void accept_some();
  void shed();

  const Listener& listener_;
  Events events_;
  Log log_;
  bool is_accepting_ = false;
  bool is_out_of_descriptors_ = false;
  int spare_;
  UvHandle<uv_poll_t> poll_;
  UvHandle<uv_timer_t> pause_;
};

}  // namespace ringcast::net
