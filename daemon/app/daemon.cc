#include "app/daemon.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "topics/matcher.h"

namespace ringcast::app {

namespace {

// What the process needs beside its connections: listeners, loops, the log, the spare ones.
constexpr uint64_t kOwnDescriptors = 64;
constexpr uint64_t kDescriptorsPerWorker = 4;
// How often the files of certificates are looked at.
constexpr uint64_t kTlsLookMs = 10'000;
// How long it can be read who came to a Mercure hub and left it.
constexpr int64_t kSubscriptionEventsMs = 300'000;
// What webhooks get at the end, after the last streams: these are told to have left.
constexpr int64_t kLastDeliveriesMs = 2'000;

}  // namespace

Daemon::Daemon(config::Config config, Access access, std::vector<webhooks::Target> webhooks,
               std::vector<server::ServedListener> listeners,
               std::unique_ptr<topics::Journal> journal, LogOutput& log_output, Reload reload)
    : log_output_(log_output),
      log_(log_output.log()),
      reload_(std::move(reload)),
      config_(std::move(config)),
      access_(std::move(access)),
      descriptors_(raise_descriptor_limit()),
      settings_(make_settings()),
      journal_(std::move(journal)),
      hub_(journal_ ? server::Hub(settings_->options, *journal_, clock_)
                    : server::Hub(settings_->options, new_epoch(), clock_)),
      admin_(hub_,
             [this](std::function<void(std::string)> take) {
               mailbox_->post([this, take = std::move(take)] {
                 if (server_) {
                   take(metrics());
                 }
               });
             }),
      services_{.hub = hub_, .log = log_, .admin = std::ref(admin_)},
      webhook_sender_(hub_, log_),
      webhooks_(std::move(webhooks)),
      listeners_(std::move(listeners)),
      mailbox_(std::make_unique<net::Mailbox>(loop_)),
      signals_(std::make_unique<net::Signals>(loop_,
                                              std::initializer_list<int>{SIGTERM, SIGINT, SIGHUP},
                                              [this](int number) { on_signal(number); })) {
  if (journal_) {
    journal_readers_ = std::make_unique<server::JournalReaders>(clock_, log_);
    services_.journal_readers = journal_readers_.get();
    services_.is_starting = true;
    admin_.set_readers(journal_readers_.get());
    webhook_sender_.set_readers(journal_readers_.get());
  }
  server_ = std::make_unique<server::Server>(loop_, services_, settings_, listeners_);
  start_sys_feed();
  tls_renewal_ = std::make_unique<TlsRenewal>(listeners_, *mailbox_, log_);
  tls_ticker_ = std::make_unique<net::Ticker>(loop_, kTlsLookMs, [this] { tls_renewal_->look(); });
  if (journal_) {
    open_journal();
  }
  watch_jwks();
  report_to_systemd();
}

Daemon::~Daemon() {
  if (reloading_.joinable()) {
    reloading_.join();
  }
}

// The server answers meanwhile that it is not ready.
void Daemon::open_journal() {
  journal_thread_ = std::make_unique<server::JournalThread>(
      hub_, *journal_, log_, [this](const Status& restored) {
        mailbox_->post([this, restored] { on_restored(restored); });
      });
  apply_journal_options();
}

void Daemon::apply_journal_options() {
  if (journal_thread_) {
    journal_thread_->set_options(config_.journal.interval_ms, config_.journal.max_bytes);
  }
}

void Daemon::on_restored(const Status& restored) {
  if (!server_) {
    return;  // It came to an end meanwhile.
  }
  const Status read =
      restored ? journal_readers_->start(*journal_, std::clamp(core_count(), 2U, 8U)) : restored;
  if (!read) {
    log_({LogLevel::kError,
          "the journal cannot be read",
          {{"error", read.error().detail}},
          "journal"});
    is_failed_ = true;
    end();
    return;
  }
  services_.is_starting = false;
  server_->on_started();
  webhook_sender_.apply(webhooks_);
  on_ready();
}

bool Daemon::run() {
  for (const server::ServedListener& served : listeners_) {
    log_({LogLevel::kInfo, "listening", {{"address", served.listener.address().text()}}});
  }
  if (!journal_) {
    webhook_sender_.apply(webhooks_);
    on_ready();
  }
  loop_.run();
  return !is_failed_;
}

void Daemon::on_ready() {
  log_({LogLevel::kInfo,
        "ready",
        {{"version", RINGCAST_VERSION},
         {"workers", std::to_string(settings_->options.workers)},
         {"epoch", hub_.epoch()},
         {"journal", journal_ ? config_.journal.path : "none: memory only"}}});
  if (report_ && !is_draining_) {
    report_->ready(listeners_);
  }
}

void Daemon::on_signal(int number) {
  if (number == SIGHUP) {
    start_reload();
  } else if (is_draining_) {
    log_({LogLevel::kWarn, "second signal: ending at once", {}});
    is_hurried_ = true;
    end();
  } else {
    drain();
  }
}

void Daemon::drain() {
  is_draining_ = true;
  log_({LogLevel::kInfo,
        "draining",
        {{"connections", std::to_string(services_.connections.load())},
         {"subscribers", std::to_string(services_.subscribers.load())}}});
  server_->drain([this] { end(); });
  if (report_) {
    report_->draining(config_.server.drain_ms);
  }
}

void Daemon::end() {
  if (!server_) {
    return;
  }
  is_ending_ = true;
  if (report_) {
    report_->ending();
  }
  // On the next turn: this is called from inside the server.
  mailbox_->post([this] {
    if (server_) {
      jwks_.clear();
      sys_ticker_.reset();
      server_->stop();
      webhook_sender_.finish(is_hurried_ ? 0 : kLastDeliveriesMs);
      journal_readers_.reset();
      journal_thread_.reset();  // Writes what still waits; its answers go nowhere.
      sys_feed_.reset();
      server_.reset();
      signals_.reset();
      tls_ticker_.reset();
      report_.reset();
      log_({LogLevel::kInfo, "ended", {}});
      mailbox_->close();
    }
  });
}

server::SettingsRef Daemon::make_settings() const {
  server::Settings settings{config_.server, access_.authenticator, config_.auth.jwt.cookie,
                            access_.mercure};
  server::Options& options = settings.options;
  options.workers = config_.workers == 0 ? core_count() : config_.workers;
  if (access_.mercure && options.mercure.subscriptions) {
    // Each stream's are topics of their own, which nobody names again once it is gone.
    topics::Policy policy = options.policies.fallback;
    policy.age_ms = kSubscriptionEventsMs;
    policy.keep = 0;
    options.policies.rules.push_back({std::string(topics::kMercureRoot) + "/**", policy});
  }
  options.commit = {.pending_bytes = config_.journal.pending_bytes,
                    .sync_interval_ms = config_.journal.interval_ms};
  // Decided here, so that no line is made only to be thrown away.
  if (!config_.log.writes("access", config::LogOptions::Level::kInfo)) {
    options.access_lines = server::AccessLines::kNone;
  }
  const uint64_t own = kOwnDescriptors + options.workers * kDescriptorsPerWorker;
  const uint64_t free = descriptors_ > 2 * own ? descriptors_ - own : descriptors_ / 2;
  if (options.limits.connections > free) {
    // Nobody has asked for as many as the default.
    const bool is_chosen = options.limits.connections != server::Limits{}.connections;
    log_({is_chosen ? LogLevel::kWarn : LogLevel::kInfo,
          "limits.connections is more than the descriptors of this process allow",
          {{"limit", std::to_string(options.limits.connections)},
           {"effective", std::to_string(free)}}});
    options.limits.connections = free;
  }
  return std::make_shared<const server::Settings>(std::move(settings));
}

admin::Snapshot Daemon::snapshot() {
  return {.hub = hub_.counts(),
          .workers = server_->counts(),
          .fanouts = server_->fanout_counts(),
          .connections = services_.connections.load(),
          .subscribers = services_.subscribers.load(),
          .limits = settings_->options.limits,
          .journal = journal_thread_ ? &journal_thread_->counts() : nullptr,
          .journal_writes = &hub_.journal_writes(),
          .process = admin::read_memory(),
          .started_unix_ms = started_unix_ms_};
}

std::string Daemon::metrics() {
  admin::Snapshot all = snapshot();
  all.tallies = hub_.tallies();
  all.process = admin::read_process();
  const auto& presence = services_.presence.counts();
  const auto& subscriptions = services_.mercure_subscriptions.counts();
  all.presence_events = presence.events + subscriptions.events;
  all.presence_dropped = presence.dropped + subscriptions.dropped;
  all.webhooks = webhook_sender_.snapshot();
  all.journal_read_failures = journal_readers_ ? journal_readers_->failures() : 0;
  all.reloads = reload_counts_;
  all.certificates = tls_renewal_->certificates();
  return admin::render_metrics(all);
}

// What the broker tells of itself, on its own topics.
void Daemon::start_sys_feed() {
  sys_feed_ = std::make_unique<admin::SysFeed>(
      hub_, admin::SysFeed::Ports{.snapshot = [this] { return snapshot(); },
                                  .watches = server_->watches()});
  sys_ticker_ = std::make_unique<net::Ticker>(loop_, admin::SysFeed::kTickMs, [this] {
    if (!services_.is_starting) {
      sys_feed_->tick(is_draining_);
    }
  });
}

}  // namespace ringcast::app
