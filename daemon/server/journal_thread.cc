#include "server/journal_thread.h"

#include <pthread.h>

#include <algorithm>
#include <string>
#include <utility>

namespace ringcast::server {

namespace {

constexpr int64_t kIdleMs = 200;     // What grows too old is looked for so often, too.
constexpr int64_t kNextStepMs = 20;  // What has to leave does so in steps.
constexpr int64_t kProgressEveryMs = 1000;

}  // namespace

JournalThread::JournalThread(Hub& hub, topics::Journal& journal, Log log,
                             std::function<void(const Status&)> restored)
    : hub_(hub), journal_(journal), log_(std::move(log)) {
  thread_ = std::thread([this, restored = std::move(restored)] {
    pthread_setname_np(pthread_self(), "journal");
    run(restored);
  });
}

JournalThread::~JournalThread() {
  hub_.stop_commits();
  thread_.join();
}

void JournalThread::set_options(int64_t sync_interval_ms, uint64_t max_bytes) {
  sync_interval_ms_ = sync_interval_ms;
  max_bytes_ = max_bytes;
}

Status JournalThread::restore() {
  const int64_t begun_ms = hub_.clock().steady_ms();
  int64_t said_ms = begun_ms;
  return hub_.restore([&](uint64_t topics, uint64_t events) {
    counts_.turns.add();
    counts_.read_topics = topics;
    counts_.read_events = events;
    const int64_t now_ms = hub_.clock().steady_ms();
    if (now_ms - said_ms >= kProgressEveryMs) {
      said_ms = now_ms;
      log_({LogLevel::kInfo,
            "reading the journal",
            {{"topics", std::to_string(topics)}, {"events", std::to_string(events)}},
            "journal"});
    }
  });
}

void JournalThread::run(const std::function<void(const Status&)>& restored) {
  const Status is_restored = restore();
  count_usage();  // Whoever is told that it is ready sees what there is.
  restored(is_restored);
  if (!is_restored) {
    return;
  }
  synced_ms_ = hub_.clock().steady_ms();
  int64_t idle_ms = kIdleMs;
  while (hub_.wait_for_commits(std::min(idle_ms, sync_interval_ms_.load()))) {
    counts_.turns.add();
    if (const uint64_t max_bytes = max_bytes_.exchange(0); max_bytes > 0) {
      journal_.set_max_bytes(max_bytes);
    }
    const Result<bool> written = commit();
    const bool has_more = written && (*written || shrink());
    idle_ms = has_more ? kNextStepMs : kIdleMs;
    sync_if_due();
    count_usage();
  }
  if (const Status closed = journal_.close(); !closed) {
    log_({LogLevel::kError,
          "the journal could not be closed",
          {{"error", closed.error().detail}},
          "journal"});
  }
}

void JournalThread::count_usage() {
  const topics::JournalUsage usage = journal_.usage();
  counts_.used_bytes = usage.used_bytes;
  counts_.limit_bytes = usage.limit_bytes;
  counts_.disk_bytes = usage.disk_bytes;
}

// While what was acknowledged cannot be synced nothing more is acknowledged.
void JournalThread::sync_if_due() {
  const int64_t now_ms = hub_.clock().steady_ms();
  if (!journal_.is_unsynced() || now_ms - synced_ms_ < sync_interval_ms_) {
    return;
  }
  synced_ms_ = now_ms;
  const int64_t begun_us = hub_.clock().steady_us();
  const Status synced = journal_.sync();
  counts_.syncs.observe(hub_.clock().steady_us() - begun_us);
  note(synced);
  if (!synced || is_sync_failing_) {
    is_sync_failing_ = !synced;
    hub_.set_storage_error(synced ? std::nullopt : std::optional(synced.error()));
  }
}

// False: there was nothing to write.
Result<bool> JournalThread::commit() {
  Result<bool> written = hub_.commit();
  if (!written) {
    note(Failure{written.error()});
  } else if (*written) {
    counts_.commits.add();
    note(Ok{});
  }
  return written;
}

// False: there was nothing to give back to the disk, or no way to do so now.
bool JournalThread::shrink() {
  const Result<bool> shrunk = journal_.shrink();
  if (!shrunk) {
    note(Failure{shrunk.error()});
  }
  return shrunk && *shrunk;
}

void JournalThread::note(const Status& done) {
  if (done) {
    if (!is_sync_failing_ && counts_.is_failing.exchange(false)) {
      log_({LogLevel::kInfo, "the journal works again", {}, "journal"});
    }
    return;
  }
  counts_.failures.add();
  if (!counts_.is_failing.exchange(true)) {
    log_({LogLevel::kError,
          "the journal fails: publishes are refused",
          {{"error", done.error().detail}},
          "journal"});
  }
}

}  // namespace ringcast::server
