#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/loop_watch.h"
#include "app/service_status.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/loop.h"
#include "net/turn_hook.h"
#include "server/services.h"

namespace ringcast::app {

// Tells systemd what the daemon does, and feeds its watchdog while all loops turn. On the main
// loop, which is so watched, too. Owned by the Daemon, and only there where systemd listens.
class ServiceReport {
 public:
  struct Source {
    std::function<ServiceStatus()> status;
    std::function<std::vector<uint64_t>()> turns;  // For the watch.
  };

  // `clock` outlives it.
  ServiceReport(net::Loop& loop, const Clock& clock, Log log, LoopWatch watch, Source source);
  ServiceReport(const ServiceReport&) = delete;
  ServiceReport& operator=(const ServiceReport&) = delete;
  ~ServiceReport() = default;

  // /readyz is 200. Listeners that are to be kept are given to systemd, unless it has them.
  void ready(const std::vector<server::ServedListener>& listeners);
  void reloading();
  void reloaded();
  void draining(int64_t most_ms);
  // All that is left is to write what waits for the journal.
  void ending();

 private:
  // `news` are more lines to go with the status.
  void tell(std::string news);
  void tick();
  void feed_watchdog();

  const Clock& clock_;
  Log log_;
  LoopWatch watch_;
  Source source_;
  std::string told_;
  std::vector<std::string> still_;  // What stood still when it was looked at last.
  std::unique_ptr<net::Ticker> ticker_;
  std::unique_ptr<net::Ticker> feeder_;
};

}  // namespace ringcast::app
