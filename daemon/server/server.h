#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "net/acceptor.h"
#include "net/loop.h"
#include "net/turn_hook.h"
#include "server/services.h"
#include "server/worker.h"

namespace ringcast::server {

// The workers with their threads, and the acceptors that deal connections out to them round robin:
// an exact balance for connections that live for hours. Lives on the main loop; the functions are
// for its thread only.
class Server {
 public:
  // `services` and `listeners` outlive it.
  Server(net::Loop& main_loop, Services& services, SettingsRef settings,
         const std::vector<ServedListener>& listeners);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  void apply(const SettingsRef& settings);
  // New requests are refused; dialogues end after their requests, streams one by one, until there
  // is none left or the drain time is over. Then `done` is called, once. On kept listeners only
  // subscriptions are refused until no stream is left; then dialogues end, and who comes waits for
  // the next process.
  void drain(std::function<void()> done);
  // The journal was read: kept listeners accept from now on.
  void on_started();
  // When the drain is over at the latest, in the hub's steady time.
  [[nodiscard]] int64_t drain_until_ms() const noexcept { return drain_until_ms_; }
  // Ends everything at once and waits for the threads.
  void stop();

  [[nodiscard]] std::vector<const WorkerCounts*> counts() const;
  [[nodiscard]] std::vector<const Fanout::Counts*> fanout_counts() const;
  [[nodiscard]] std::vector<Watch*> watches() const;

 private:
  void accepted(int descriptor, const Listening& listening);
  [[nodiscard]] std::string refusal(std::string_view start) const;
  void set_accepting(bool accepting);
  void update_acceptors();
  void tick();
  void tick_drain(uint64_t open);

  Services& services_;
  SettingsRef settings_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  struct Entrance {
    std::unique_ptr<net::Acceptor> acceptor;
    bool is_kept;
  };
  std::vector<Entrance> entrances_;
  std::unique_ptr<net::Ticker> ticker_;
  size_t next_worker_ = 0;
  bool is_accepting_ = true;
  int64_t drain_until_ms_ = 0;
  std::function<void()> drained_;
};

}  // namespace ringcast::server
