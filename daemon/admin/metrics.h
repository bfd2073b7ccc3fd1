#pragma once

#include <string>
#include <vector>

#include "server/fanout.h"
#include "server/journal_thread.h"
#include "server/services.h"

namespace ringcast::admin {

// What /metrics is made of, gathered at the moment of the request.
struct Snapshot {
  server::HubCounts hub;
  std::vector<const server::WorkerCounts*> workers;
  std::vector<const server::Fanout::Counts*> fanouts;
  uint64_t connections = 0;
  uint64_t subscribers = 0;
  const server::JournalThread::Counts* journal = nullptr;  // Null: memory only.
};

// The snapshot in the Prometheus text format.
[[nodiscard]] std::string render_metrics(const Snapshot& snapshot);

}  // namespace ringcast::admin
