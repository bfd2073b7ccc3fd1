#include "app/service_report.h"

#include <algorithm>
#include <utility>

#include "app/systemd.h"

namespace ringcast::app {

namespace {

constexpr uint64_t kTellEveryMs = 1000;
// Looks at the loops in one watchdog time: one that is late once does not starve it.
constexpr int64_t kLooksPerFeed = 4;
// Workers tick every 100 ms: looking more often would find them standing still.
constexpr int64_t kLeastLookMs = 300;
// What systemd is asked to wait for the next step: of reading the journal, or of the end.
constexpr int64_t kStepMs = 60'000;

std::string extended(int64_t ms) {
  return "EXTEND_TIMEOUT_USEC=" + std::to_string(ms * 1000);
}

}  // namespace

ServiceReport::ServiceReport(net::Loop& loop, const Clock& clock, Log log, LoopWatch watch,
                             Source source)
    : clock_(clock),
      log_(std::move(log)),
      watch_(std::move(watch)),
      source_(std::move(source)),
      ticker_(std::make_unique<net::Ticker>(loop, kTellEveryMs, [this] { tick(); })) {
  if (const int64_t within_ms = watchdog_ms(); within_ms > 0) {
    const int64_t look_ms = std::max(within_ms / kLooksPerFeed, kLeastLookMs);
    feeder_ = std::make_unique<net::Ticker>(loop, static_cast<uint64_t>(look_ms),
                                            [this] { feed_watchdog(); });
  }
}

void ServiceReport::tell(std::string news) {
  const std::string text = status_text(source_.status());
  if (text != told_) {
    told_ = text;
    news += (news.empty() ? "STATUS=" : "\nSTATUS=") + text;
  }
  if (!news.empty()) {
    notify(news);
  }
}

void ServiceReport::tick() {
  const ServiceStatus status = source_.status();
  // Reading a large journal takes its time, and systemd waits as long as it gets on.
  const bool is_getting_on =
      status.phase == ServiceStatus::Phase::kStarting && status_text(status) != told_;
  tell(is_getting_on ? extended(kStepMs) : "");
}

void ServiceReport::ready(const std::vector<server::ServedListener>& listeners) {
  for (const server::ServedListener& served : listeners) {
    if (served.listening.is_kept && !served.listener.is_adopted()) {
      store(served.listener);
    }
  }
  tell("READY=1");
}

void ServiceReport::reloading() {
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_us()));
}

void ServiceReport::reloaded() {
  tell("READY=1");
}

void ServiceReport::draining(int64_t most_ms) {
  tell("STOPPING=1\n" + extended(most_ms + kStepMs));
}

void ServiceReport::ending() {
  tell("STOPPING=1\n" + extended(kStepMs));
}

void ServiceReport::feed_watchdog() {
  std::vector<std::string> still = watch_.look(source_.turns(), clock_.steady_ms());
  if (still.empty()) {
    notify("WATCHDOG=1");
  }
  for (const std::string& name : still) {
    if (std::find(still_.begin(), still_.end(), name) == still_.end()) {
      log_({LogLevel::kError,
            "a loop stands still: systemd restarts the daemon if that lasts",
            {{"loop", name}}});
    }
  }
  still_ = std::move(still);
}

}  // namespace ringcast::app
