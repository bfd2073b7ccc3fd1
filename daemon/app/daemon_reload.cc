// A reload: what it reads, on a thread of its own, and how that is applied.
#include <utility>

#include "app/credentials.h"
#include "app/daemon.h"
#include "app/listeners.h"

namespace ringcast::app {

void Daemon::start_reload() {
  if (std::exchange(is_reloading_, true)) {
    wants_reload_ = true;  // The one that runs may have read the file before it was changed.
    return;
  }
  if (reloading_.joinable()) {
    reloading_.join();
  }
  if (report_ && services_.is_ready()) {
    report_->reloading();
  }
  reloading_ = std::thread([this] {
    tls_renewal_->renew_all();
    auto loaded = std::make_shared<Result<config::Loaded>>(reload_());
    Status read = *loaded ? Status(Ok{}) : Status(Failure{loaded->error()});
    auto access = std::make_shared<Access>();
    if (read) {
      read = check_files(**loaded, *access);
    }
    auto webhooks = std::make_shared<std::vector<webhooks::Target>>();
    if (read) {
      auto found = read_webhooks((*loaded)->config.webhooks);
      read = found ? Status(Ok{}) : Status(Failure{found.error()});
      *webhooks = found ? *std::move(found) : std::vector<webhooks::Target>();
    }
    mailbox_->post([this, read, loaded, access, webhooks] {
      is_reloading_ = false;
      const Status done = read && server_
                              ? apply(std::move(**loaded), std::move(*access), std::move(*webhooks))
                              : read;
      ++(done ? reload_counts_.done : reload_counts_.failed);
      reload_counts_.has_failed = !done;
      if (!done) {
        log_({LogLevel::kError,
              "reload failed: the old configuration stays",
              {{"error", done.error().detail}}});
      }
      if (std::exchange(wants_reload_, false) && server_) {
        start_reload();
      } else if (report_ && services_.is_ready()) {
        report_->reloaded();
      }
    });
  });
}

// What a reload reads beside the configuration, on its thread.
Status Daemon::check_files(config::Loaded& loaded, Access& access) const {
  if (Status there = check_credentials(loaded.config); !there) {
    return there;
  }
  if (Status exposed = check_exposure(listeners_, loaded.config); !exposed) {
    return exposed;
  }
  auto found = read_access(loaded.config, loaded.warnings);
  if (!found) {
    return std::move(found).failure();
  }
  access = *std::move(found);
  return Ok{};
}

// After a failure all is as it was.
Status Daemon::apply(config::Loaded loaded, Access access, std::vector<webhooks::Target> webhooks) {
  for (const std::string& warning : loaded.warnings) {
    log_({LogLevel::kWarn, warning, {}});
  }
  for (const std::string& key : config::needs_restart(config_, loaded.config)) {
    log_({LogLevel::kWarn, "reload: this key changes only with a restart", {{"key", key}}});
  }
  config::Config next = std::move(loaded.config);
  next.listen = config_.listen;
  next.workers = config_.workers;
  next.server.memory_bytes = config_.server.memory_bytes;
  next.journal.path = config_.journal.path;
  next.journal.sync = config_.journal.sync;
  // What was told of open streams has to be taken back at the same place.
  next.server.mercure.path = config_.server.mercure.path;
  next.server.mercure.subscriptions = config_.server.mercure.subscriptions;
  access.keep_sets(next, access_, config_);
  if (Status made = access.make(next); !made) {
    return made;
  }
  config_ = std::move(next);
  access_ = std::move(access);
  webhooks_ = std::move(webhooks);
  settings_ = make_settings();
  log_output_.configure(config_.log);
  server_->apply(settings_);
  apply_journal_options();
  if (!services_.is_starting) {
    webhook_sender_.apply(webhooks_);
  }
  watch_jwks();
  log_({LogLevel::kInfo, "reload done", {}});
  return Ok{};
}

// The JWKS of the present configuration, from now on.
void Daemon::watch_jwks() {
  ++jwks_watches_;
  jwks_.clear();
  const mercure::Options& mercure = config_.server.mercure;
  watch_jwks(config_.auth.jwt, &Access::keys);
  if (mercure.enabled) {
    watch_jwks(mercure.jwt, &Access::mercure_keys);
    watch_jwks(mercure.subscriber_jwt, &Access::subscriber_keys);
  }
}

void Daemon::watch_jwks(auth::JwtOptions options, auth::JwtKeys Access::*which) {
  if (options.jwks.empty()) {
    return;
  }
  options.refresh_ms = config_.auth.jwt.refresh_ms;
  jwks_.push_back(std::make_unique<JwksSource>(
      std::move(options), access_.*which, log_,
      [this, which, watch = jwks_watches_](const auth::JwtKeys& keys) {
        mailbox_->post([this, which, watch, keys] {
          if (watch == jwks_watches_) {  // Else it was read for another configuration.
            take_keys(which, keys);
          }
        });
      }));
}

void Daemon::take_keys(auth::JwtKeys Access::*which, auth::JwtKeys keys) {
  auth::JwtKeys before = std::exchange(access_.*which, std::move(keys));
  if (!server_ || !access_.make(config_)) {
    access_.*which = std::move(before);
    return;  // The source has judged them by the same options.
  }
  settings_ = make_settings();
  server_->apply(settings_);
}

}  // namespace ringcast::app
