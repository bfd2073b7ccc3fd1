#pragma once

#include <uv.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/uv_handle.h"

namespace ringcast::net {

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
