#pragma once

#include <llhttp.h>
#include <netinet/in.h>

#include <string>
#include <string_view>

#include "load/reactor.h"

namespace ringcast::bench {

// One HTTP/1.1 connection that never blocks. Its owner outlives the reactor's turn.
class Client : public Pollable {
 public:
  Client(Reactor& reactor, bool is_urgent) : reactor_(reactor), is_urgent_(is_urgent) {}
  ~Client() override { close(); }

  void connect(const sockaddr_in& address);
  // Sends as much as goes and keeps the rest.
  void send(std::string_view bytes);
  // Ends it at once, by a reset: no FIN, nothing in TIME_WAIT.
  void cut();
  // From here on nothing is read: what comes stays in the kernel.
  void stop_reading();
  [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }

  void on_ready() final;

 protected:
  virtual void on_status(int status) = 0;
  virtual void on_body(std::string_view bytes) = 0;
  virtual void on_answered() = 0;  // The whole response is there.
  virtual void on_read() {}        // After all callbacks of one read.
  virtual void on_lost() = 0;      // The server has closed it, or speaks no HTTP.

 private:
  static const llhttp_settings_t& callbacks();
  void flush();
  bool read();
  void lose();
  void close();

  Reactor& reactor_;
  const bool is_urgent_;
  int descriptor_ = -1;
  llhttp_t parser_{};
  std::string out_;
  size_t sent_ = 0;  // Of it.
};

}  // namespace ringcast::bench
