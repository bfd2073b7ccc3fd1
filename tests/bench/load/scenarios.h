#pragma once

#include "load/bench.h"
#include "load/report.h"

namespace ringcast::bench {

// Live events to subscribers, or to nobody: CPU for each delivery and publish, latency.
void run_fanout(Bench& bench, Report& report);
// Connections that do nothing: memory and CPU for each.
void run_idle(Bench& bench, Report& report);
// Subscribers that come with an old Last-Event-ID and get all that followed.
void run_replay(Bench& bench, Report& report);
// The same with a long history, published --batch events at a time, while others are served live.
void run_history(Bench& bench, Report& report);
// A crowd is cut off, misses events and comes back at once, while others stay and are served.
void run_reconnect(Bench& bench, Report& report);

}  // namespace ringcast::bench
