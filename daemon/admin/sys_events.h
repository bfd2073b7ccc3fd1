#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/metrics.h"
#include "server/topic_scan.h"
#include "server/watch.h"

namespace ringcast::admin {

// What the broker has counted up to a moment.
struct Totals {
  using Buckets = std::array<uint64_t, DurationHistogram::kBuckets>;

  int64_t steady_ms = 0;
  uint64_t events = 0;  // Published, but for those of the feed itself.
  uint64_t event_bytes = 0;
  uint64_t deliveries = 0;
  uint64_t delivered_bytes = 0;
  uint64_t requests = 0;
  uint64_t refused = 0;
  uint64_t gaps = 0;
  uint64_t accepted = 0;  // Connections.
  uint64_t evicted = 0;
  Buckets delivery_lag{};
  Buckets publish{};
  Buckets loop_lag{};
};
[[nodiscard]] Totals totals_of(const Snapshot& snapshot, uint64_t own_events, int64_t steady_ms);

// Below which bound so large a share of the durations between two totals lies, in milliseconds: the
// upper end of its bucket, of the last one its lower end. Nothing when there were none.
[[nodiscard]] std::optional<double> percentile_ms(const Totals::Buckets& before,
                                                  const Totals::Buckets& now, double share);

struct StatsEvent {
  const Snapshot& snapshot;
  const Totals& totals;
  const Totals* before;  // Null: there are no rates yet.
  std::string_view epoch;
  bool is_draining;
  uint64_t watching;  // Streams that read these events.
  int64_t now_unix_ms;
};

// The data of each event as docs/dashboard.md describes it, a JSON object.
[[nodiscard]] std::string stats_json(const StatsEvent& event);
[[nodiscard]] std::string topics_json(const std::vector<server::BusyTopic>& topics, uint64_t known,
                                      int64_t now_unix_ms);
// Of all workers: the slowest of each are sorted and cut here.
[[nodiscard]] std::string readers_json(std::vector<server::ReaderPass> passes, int64_t now_unix_ms);
[[nodiscard]] std::string refusal_json(const server::RefusalNotice& notice);
[[nodiscard]] std::string gap_json(const server::GapNotice& notice);
[[nodiscard]] std::string left_out_json(std::string_view what, uint64_t count, int64_t now_unix_ms);

}  // namespace ringcast::admin
