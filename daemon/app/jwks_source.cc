#include "app/jwks_source.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "app/auth_keys.h"
#include "app/web_rules.h"

namespace ringcast::app {

namespace {

constexpr int64_t kFirstRetryMs = 1'000;
constexpr int64_t kLastRetryMs = 60'000;

}  // namespace

JwksSource::JwksSource(auth::JwtOptions options, auth::JwtKeys keys, Log log, OnKeys on_keys)
    : options_(std::move(options)),
      keys_(std::move(keys)),
      log_(std::move(log)),
      on_keys_(std::move(on_keys)),
      thread_([this] { run(); }) {}

JwksSource::~JwksSource() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  ending_.notify_all();
  fetch_.stop();
  thread_.join();
}

void JwksSource::run() {
  block_signals();
  int64_t retry_ms = kFirstRetryMs;
  // A file was read at the start.
  int64_t wait_ms = options_.is_jwks_url() ? 0 : options_.refresh_ms;
  while (wait(wait_ms)) {
    auto set = read();
    if (set) {
      take(*set);
      retry_ms = kFirstRetryMs;
      wait_ms = options_.refresh_ms;
      continue;
    }
    wait_ms = std::min(retry_ms, options_.refresh_ms);
    retry_ms = std::min(retry_ms * 2, kLastRetryMs);
    if (!wait(0)) {
      return;  // It was stopped, which is no fault.
    }
    log_({LogLevel::kWarn,
          keys_.missing.empty() ? "the JWKS cannot be read: the old keys stay"
                                : "the JWKS cannot be read, so that there are no keys yet",
          {{"error", set.error().detail}, {"retry_ms", std::to_string(wait_ms)}},
          "auth"});
  }
}

bool JwksSource::wait(int64_t ms) {
  std::unique_lock lock(mutex_);
  return !ending_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return is_ending_; });
}

Result<auth::JwkSet> JwksSource::read() {
  if (!options_.is_jwks_url()) {
    return read_jwks_file(options_.jwks);
  }
  auto text = fetch_.get(options_.jwks, kMaxJwksBytes);
  if (!text) {
    return std::move(text).failure();
  }
  auto set = auth::parse_jwk_set(*text);
  return set ? std::move(set) : fail(Errc::kInvalid, options_.jwks + ": " + set.error().detail);
}

void JwksSource::take(const auth::JwkSet& set) {
  auth::JwtKeys next = with_set(keys_, set.keys, options_.algorithms);
  if (next.same_as(keys_)) {
    return;
  }
  keys_ = next;
  for (const std::string& skipped : set.skipped) {
    log_({LogLevel::kWarn, "a key of the JWKS is skipped", {{"key", skipped}}, "auth"});
  }
  log_({LogLevel::kInfo, "the JWKS was read", {{"keys", std::to_string(set.keys.size())}}, "auth"});
  if (!next.missing.empty()) {
    log_({LogLevel::kError,
          "the JWKS has no key that can be used: all JWTs that need one are refused",
          {{"error", next.missing}},
          "auth"});
  }
  on_keys_(std::move(next));
}

}  // namespace ringcast::app
