#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "admin/admin.h"
#include "admin/metrics.h"
#include "journal/journal.h"
#include "net/acceptor.h"
#include "net/loop.h"
#include "net/mailbox.h"
#include "server/journal_readers.h"
#include "server/journal_thread.h"
#include "server/server.h"
#include "support/fake_clock.h"

namespace ringcast::test {

inline server::Options three_workers() {
  server::Options options;
  options.workers = 3;
  options.drain_ms = 500;
  return options;
}

// A whole server in this process, on a port of 127.0.0.1: three workers and a main loop, each with
// its thread. Its clock stands still, so that nothing happens because time passes: no heartbeat, no
// timeout, no event too old. Connections are dealt out round robin: the first to worker 0.
// `journal_folder`: where its journal is; empty: memory only.
class RunningServer {
 public:
  explicit RunningServer(const server::Options& options = three_workers(),
                         const std::string& journal_folder = {})
      : journal_(open_journal(journal_folder)),
        hub_(journal_ ? server::Hub(options, *journal_, clock_)
                      : server::Hub(options, "e", clock_)),
        admin_(hub_,
               [this](std::function<void(std::string)> take) {
                 control_.post([this, take = std::move(take)] { take(metrics()); });
               }),
        services_{.hub = hub_, .log = [](const LogLine&) {}, .admin = std::ref(admin_)},
        control_(loop_) {
    Result<net::Listener> opened =
        net::Listener::open({.host = "127.0.0.1", .port = 0, .unix_path = {}});
    if (!opened) {
      throw std::runtime_error(opened.error().detail);
    }
    listeners_.push_back({std::move(*opened), {.is_local = true}});
    if (journal_) {
      start_journal();
    }
    server_ = std::make_unique<server::Server>(loop_, services_, settings(options), listeners_);
    thread_ = std::thread([this] { loop_.run(); });
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  ~RunningServer() { stop(); }

  [[nodiscard]] uint16_t port() const { return listeners_.front().listener.address().port; }
  [[nodiscard]] server::Hub& hub() { return hub_; }
  [[nodiscard]] const server::Services& services() const { return services_; }
  [[nodiscard]] FakeClock& clock() { return clock_; }

  // The new options hold for every connection that is made after this.
  void apply(const server::Options& options) {
    on_loop([&] { server_->apply(settings(options)); });
  }
  // Returns once draining has begun; wait() on the future for its end.
  std::future<void> drain() {
    const auto drained = std::make_shared<std::promise<void>>();
    on_loop([&] { server_->drain([drained] { drained->set_value(); }); });
    return drained->get_future();
  }
  // Ends everything at once; all threads are gone afterwards.
  void stop() {
    if (thread_.joinable()) {
      control_.post([this] {
        server_->stop();
        readers_.reset();
        journal_thread_.reset();
        server_.reset();
        control_.close();
      });
      thread_.join();
    }
  }

 private:
  static std::unique_ptr<topics::Journal> open_journal(const std::string& folder) {
    if (folder.empty()) {
      return nullptr;
    }
    auto opened = journal::open({.path = folder, .sync = journal::Sync::kInterval},
                                {.fresh_epoch = "e", .boot_id = "b", .reserved_step = 1000});
    if (!opened) {
      throw std::runtime_error(opened.error().detail);
    }
    return std::move(opened->journal);
  }
  void start_journal() {
    std::promise<void> restored;
    journal_thread_ = std::make_unique<server::JournalThread>(
        hub_, *journal_, services_.log, [&](const Status& status) {
          if (!status) {
            restored.set_exception(
                std::make_exception_ptr(std::runtime_error(status.error().detail)));
          } else {
            restored.set_value();
          }
        });
    restored.get_future().get();
    readers_ = std::make_unique<server::JournalReaders>(clock_, services_.log);
    if (!readers_->start(*journal_, 2)) {
      throw std::runtime_error("no readers");
    }
    services_.journal_readers = readers_.get();
    admin_.set_readers(readers_.get());
  }
  static server::SettingsRef settings(const server::Options& options) {
    return std::make_shared<const server::Settings>(
        server::Settings{.options = options, .auth = *auth::Authenticator::make({}, {})});
  }
  [[nodiscard]] std::string metrics() {
    return admin::render_metrics({.hub = hub_.counts(),
                                  .tallies = hub_.tallies(),
                                  .workers = server_->counts(),
                                  .fanouts = server_->fanout_counts(),
                                  .connections = services_.connections.load(),
                                  .subscribers = services_.subscribers.load(),
                                  .journal = journal_thread_ ? &journal_thread_->counts() : nullptr,
                                  .journal_writes = &hub_.journal_writes(),
                                  .process = admin::read_process()});
  }
  void on_loop(const std::function<void()>& task) {
    const auto done = std::make_shared<std::promise<void>>();
    control_.post([&task, done] {
      task();
      done->set_value();
    });
    done->get_future().wait();
  }

  FakeClock clock_;
  std::unique_ptr<topics::Journal> journal_;
  server::Hub hub_;
  admin::Admin admin_;
  server::Services services_;
  std::vector<server::ServedListener> listeners_;
  net::Loop loop_;
  net::Mailbox control_;
  std::unique_ptr<server::JournalReaders> readers_;
  std::unique_ptr<server::JournalThread> journal_thread_;
  std::unique_ptr<server::Server> server_;
  std::thread thread_;
};

}  // namespace ringcast::test
