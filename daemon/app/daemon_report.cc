// What the daemon lets systemd know of itself.
#include <algorithm>
#include <utility>

#include "app/daemon.h"
#include "app/systemd.h"

namespace ringcast::app {

namespace {

// A disk may take so long for one commit before that counts as standing still.
constexpr int64_t kDiskPatienceMs = 300'000;

}  // namespace

void Daemon::report_to_systemd() {
  if (!is_notified()) {
    return;
  }
  std::vector<LoopWatch::Watched> watched;
  for (size_t index = 0; index < server_->counts().size(); ++index) {
    watched.push_back({.name = "worker " + std::to_string(index)});
  }
  if (journal_) {
    watched.push_back({.name = "journal", .patience_ms = kDiskPatienceMs});
  }
  report_ = std::make_unique<ServiceReport>(
      loop_, clock_, log_, LoopWatch(std::move(watched), clock_.steady_ms()),
      ServiceReport::Source{.status = [this] { return status(); },
                            .turns = [this] { return turns(); }});
}

std::vector<uint64_t> Daemon::turns() const {
  std::vector<uint64_t> turns;
  for (const server::WorkerCounts* counts : server_->counts()) {
    turns.push_back(counts->ticks.value());
  }
  if (journal_thread_) {
    turns.push_back(journal_thread_->counts().turns.value());
  }
  return turns;
}

ServiceStatus Daemon::status() {
  ServiceStatus status{.subscribers = services_.subscribers.load(),
                       .topics = hub_.counts().topics,
                       .has_failed_reload = reload_counts_.has_failed};
  using Phase = ServiceStatus::Phase;
  status.phase = is_ending_              ? Phase::kEnding
                 : is_draining_          ? Phase::kDraining
                 : services_.is_starting ? Phase::kStarting
                                         : Phase::kServing;
  status.drain_left_ms = std::max<int64_t>(server_->drain_until_ms() - clock_.steady_ms(), 0);
  for (const server::ServedListener& served : listeners_) {
    status.addresses.push_back(served.listener.address().text());
  }
  if (journal_thread_) {
    const server::JournalThread::Counts& counts = journal_thread_->counts();
    status.read_topics = counts.read_topics;
    status.read_events = counts.read_events;
    status.journal_events = journal_->start().events;
    status.is_journal_failing = counts.is_failing;
  }
  return status;
}

}  // namespace ringcast::app
