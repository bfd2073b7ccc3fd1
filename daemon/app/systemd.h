#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/listener.h"

// What ringcastd and systemd say to each other (sd_notify(3), sd_listen_fds(3)). Without systemd
// nothing happens. For the main thread: NotifyAccess=main.
namespace ringcast::app {

// A listening socket that systemd has passed.
struct PassedSocket {
  net::Listener listener;
  std::string name;        // FileDescriptorName of its .socket unit.
  bool is_stored = false;  // It is this daemon's own, of its life before: see store().
};

// What was passed to this process. Once, before there are threads: the variables that say so are
// removed. An error names the descriptor that cannot be listened on.
Result<std::vector<PassedSocket>> take_passed_sockets();

// Somebody listens to notify().
[[nodiscard]] bool is_notified();
// Lines as in sd_notify(3): "READY=1\nSTATUS=...".
void notify(const std::string& state);
// The next process of this unit gets the socket, when this one has ended or crashed.
void store(const net::Listener& listener);
// For MONOTONIC_USEC.
[[nodiscard]] uint64_t monotonic_us();
// Within so long the watchdog has to be fed; 0: there is none.
[[nodiscard]] int64_t watchdog_ms();

}  // namespace ringcast::app
