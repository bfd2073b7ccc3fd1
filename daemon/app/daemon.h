#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "admin/admin.h"
#include "admin/metrics.h"
#include "admin/sys_feed.h"
#include "app/arguments.h"
#include "app/auth_keys.h"
#include "app/jwks_source.h"
#include "app/logging.h"
#include "app/service_report.h"
#include "app/system.h"
#include "app/tls_renewal.h"
#include "app/webhook_sender.h"
#include "config/config.h"
#include "net/loop.h"
#include "net/mailbox.h"
#include "net/signals.h"
#include "net/turn_hook.h"
#include "server/journal_readers.h"
#include "server/journal_thread.h"
#include "server/server.h"
#include "topics/journal.h"

namespace ringcast::app {

// The running broker: everything wired together, signals, reload and drain. Lives in main().
class Daemon {
 public:
  using Reload = std::function<Result<config::Loaded>()>;

  // `access` and `webhooks` were read for the configuration. `listeners` are open. `journal` may be
  // null: memory only. `reload` reads the configuration again, on a thread of its own.
  Daemon(config::Config config, Access access, std::vector<webhooks::Target> webhooks,
         std::vector<server::ServedListener> listeners, std::unique_ptr<topics::Journal> journal,
         LogOutput& log_output, Reload reload);
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon();

  // Until a signal ends it. False when the journal turned out to be unreadable.
  bool run();

 private:
  void on_ready();
  void open_journal();
  void on_restored(const Status& restored);
  void apply_journal_options();
  void on_signal(int number);
  void start_reload();
  Status check_files(config::Loaded& loaded, Access& access) const;
  Status apply(config::Loaded loaded, Access access, std::vector<webhooks::Target> webhooks);
  void take_keys(auth::JwtKeys Access::*which, auth::JwtKeys keys);
  void watch_jwks();
  void watch_jwks(auth::JwtOptions options, auth::JwtKeys Access::*which);
  void start_sys_feed();
  void drain();
  void end();
  [[nodiscard]] server::SettingsRef make_settings() const;
  // But for the rules' numbers and those of the process.
  [[nodiscard]] admin::Snapshot snapshot();
  [[nodiscard]] std::string metrics();
  // For systemd.
  void report_to_systemd();
  [[nodiscard]] ServiceStatus status();
  [[nodiscard]] std::vector<uint64_t> turns() const;

  LogOutput& log_output_;
  Log log_;
  Reload reload_;
  config::Config config_;
  Access access_;
  const uint64_t descriptors_;
  SystemClock clock_;
  const int64_t started_unix_ms_ = clock_.unix_ms();
  server::SettingsRef settings_;
  std::unique_ptr<topics::Journal> journal_;
  server::Hub hub_;
  admin::Admin admin_;
  server::Services services_;
  WebhookSender webhook_sender_;
  std::vector<webhooks::Target> webhooks_;  // As they are configured.
  std::vector<server::ServedListener> listeners_;
  net::Loop loop_;
  std::unique_ptr<net::Mailbox> mailbox_;
  std::unique_ptr<net::Signals> signals_;
  // Declared before the workers, which ask them; ended before they are destroyed.
  std::unique_ptr<server::JournalReaders> journal_readers_;
  std::unique_ptr<server::JournalThread> journal_thread_;
  std::unique_ptr<server::Server> server_;
  std::unique_ptr<admin::SysFeed> sys_feed_;
  std::unique_ptr<net::Ticker> sys_ticker_;
  std::unique_ptr<TlsRenewal> tls_renewal_;
  std::unique_ptr<net::Ticker> tls_ticker_;
  std::vector<std::unique_ptr<JwksSource>> jwks_;
  std::unique_ptr<ServiceReport> report_;  // None without systemd.
  uint64_t jwks_watches_ = 0;
  std::thread reloading_;
  bool is_reloading_ = false;
  bool is_draining_ = false;
  bool is_ending_ = false;
  bool is_hurried_ = false;  // By a second signal.
  bool is_failed_ = false;
  bool wants_reload_ = false;  // A signal came while one ran.
  admin::ReloadCounts reload_counts_;
};

}  // namespace ringcast::app
