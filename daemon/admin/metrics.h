#pragma once

#include <string>
#include <vector>

#include "admin/metrics_process.h"
#include "server/fanout.h"
#include "server/journal_thread.h"
#include "server/services.h"

namespace ringcast::admin {

// One webhook: requests with an outcome, those that failed, and what became of events.
struct WebhookSnapshot {
  std::string name;
  uint64_t requests = 0;
  uint64_t failures = 0;
  uint64_t delivered = 0;
  uint64_t lost = 0;
  bool is_failing = false;
};

// The certificate that a listener shows: its file, and when it expires.
struct CertificateSnapshot {
  std::string file;
  int64_t expires_unix_s = 0;
};

// How often the configuration was read again, and how that ended.
struct ReloadCounts {
  uint64_t done = 0;
  uint64_t failed = 0;
  bool has_failed = false;  // The last one.
};

// What /metrics is made of, gathered at the moment of the request.
struct Snapshot {
  server::HubCounts hub;
  std::vector<topics::Tally> tallies;
  std::vector<const server::WorkerCounts*> workers;
  std::vector<const server::Fanout::Counts*> fanouts;
  uint64_t connections = 0;
  uint64_t subscribers = 0;
  server::Limits limits;
  const server::JournalThread::Counts* journal = nullptr;  // Null: memory only, like the next.
  const DurationHistogram* journal_writes = nullptr;
  uint64_t journal_read_failures = 0;
  uint64_t presence_events = 0;
  uint64_t presence_dropped = 0;
  std::vector<WebhookSnapshot> webhooks;
  ReloadCounts reloads;
  std::vector<CertificateSnapshot> certificates;
  ProcessNumbers process;
  int64_t started_unix_ms = 0;
};

// The snapshot in the Prometheus text format. docs/metrics.md lists what is in it.
[[nodiscard]] std::string render_metrics(const Snapshot& snapshot);

}  // namespace ringcast::admin
