#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "net/loop.h"
#include "net/mailbox.h"
#include "net/turn_hook.h"
#include "net/wheel.h"
#include "server/access_log.h"
#include "server/connection.h"
#include "server/fanout.h"
#include "server/services.h"
#include "server/watch.h"

namespace ringcast::server {

// One event loop and all that happens on it: owns its connections from accept to end. run() is its
// thread; the functions marked thread-safe may come from others.
class Worker {
 public:
  Worker(uint32_t index, Services& services, SettingsRef settings);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  // Until stop().
  void run();

  // Thread-safe. Takes a descriptor over; `listening` outlives the worker.
  void adopt(int descriptor, const Listening& listening, bool is_shed);
  void apply(SettingsRef settings);
  // Ends dialogues after their requests, and streams spread over `for_ms`.
  void drain(int64_t for_ms);
  void stop();

  // For its connections.
  [[nodiscard]] Services& services() noexcept { return services_; }
  [[nodiscard]] const Settings& settings() const noexcept { return *settings_; }
  [[nodiscard]] net::Loop& loop() noexcept { return loop_; }
  [[nodiscard]] net::Wheel& wheel() noexcept { return wheel_; }
  [[nodiscard]] Fanout& fanout() noexcept { return fanout_; }
  [[nodiscard]] json::Reader& json_reader() noexcept { return json_reader_; }
  [[nodiscard]] std::span<char> read_buffer() noexcept { return read_buffer_; }
  [[nodiscard]] WorkerCounts& counts() noexcept { return counts_; }
  [[nodiscard]] AccessLog& access_log() noexcept { return access_log_; }
  [[nodiscard]] Watch& watch() noexcept { return watch_; }
  [[nodiscard]] uint32_t index() const noexcept { return index_; }
  [[nodiscard]] int64_t now_ms() const { return services_.hub.clock().steady_ms(); }
  // `most`, or up to a share of it less: so that many do not come at once.
  int64_t jittered(int64_t most);
  // Any thread: runs `then` with the connection, on this worker's thread, if it still lives, once
  // the worker was woken.
  void deliver(uint64_t number, std::function<void(Connection&)> then);
  void wake() { mailbox_.wake(); }
  // What it is delivered to by.
  uint64_t number_of(Connection& connection);
  // Calls connection.flush_replies() in this turn.
  void flush_later(Connection& connection);
  void reap_later(Connection& connection) { doomed_.push_back(&connection); }
  // Calls connection.resume_ingest() before long.
  void resume_later(Connection& connection) { waiting_for_memory_.push_back(&connection); }

 private:
  bool turn();
  void flush_replies();
  void release_submissions(bool had_news);
  void forget_number(Connection& connection);
  void connect_replay();
  void tick();
  void sweep();
  void reap();
  void free_place(bool is_shed);
  void count_loop_lag();
  void look_at_readers();
  void look_at_some_readers(int64_t now);
  void end_some();

  const uint32_t index_;
  Services& services_;
  SettingsRef settings_;
  net::Loop loop_;
  net::Mailbox mailbox_;
  net::Wheel wheel_;
  Fanout fanout_;
  json::Reader json_reader_;
  std::vector<char> read_buffer_;  // One for all connections: each empties it at once.
  WorkerCounts counts_;
  AccessLog access_log_;
  Watch watch_;
  ReaderScan reader_scan_;
  std::minstd_rand random_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> doomed_;
  std::vector<Connection*> waiting_for_memory_;
  std::vector<Connection*> to_flush_;
  std::unordered_map<uint64_t, Connection*> numbered_;
  uint64_t last_number_ = 0;
  bool holds_submissions_ = false;  // For one turn.
  bool is_end_due_ = false;         // At the end of this turn.
  bool is_stopped_ = false;
  int64_t tick_due_us_ = 0;     // 0: there was none so far.
  int64_t drain_until_ms_ = 0;  // 0: not draining.
  std::unique_ptr<net::TurnHook> turn_hook_;
  std::unique_ptr<net::Ticker> ticker_;
};

}  // namespace ringcast::server
