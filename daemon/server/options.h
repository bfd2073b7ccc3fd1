#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "topics/policy.h"

namespace ringcast::server {

struct Limits {
  uint64_t connections = 100'000;
  uint64_t topics = 100'000;  // Topics that hold a ring.
  uint64_t topics_per_subscription = 100;
  uint64_t head_bytes = 16 << 10;
  uint64_t body_bytes = 1 << 20;  // Also one line of NDJSON.
  int64_t head_time_ms = 10'000;
  int64_t body_time_ms = 30'000;  // The whole body; with NDJSON the silence between lines.
  int64_t idle_time_ms = 60'000;  // Between the requests of a connection.
  bool operator==(const Limits&) const = default;
};

struct StreamOptions {
  int64_t heartbeat_ms = 15'000;  // 0: off.
  int64_t retry_ms = 3'000;
  int64_t write_stall_ms = 30'000;  // A reader that takes nothing for so long is closed.
  uint64_t send_buffer_bytes = 64 << 10;
  bool operator==(const StreamOptions&) const = default;
};

struct IdempotencyOptions {
  int64_t window_ms = 300'000;
  uint64_t keys = 100'000;
  bool operator==(const IdempotencyOptions&) const = default;
};

// How the hub writes its journal, where there is one.
struct CommitOptions {
  uint64_t pending_bytes = 64ULL << 20;  // What may wait to be written.
  int64_t sync_interval_ms = 1000;       // For a journal that does not sync by itself.
  bool operator==(const CommitOptions&) const = default;
};

// What the hub and the workers do. `memory_bytes` and `workers` are fixed at the start, all else
// can change while they run.
struct Options {
  uint32_t workers = 1;  // 1 to 64.
  uint64_t memory_bytes = 512ULL << 20;
  topics::Policies policies;
  StreamOptions stream;
  IdempotencyOptions idempotency;
  CommitOptions commit;
  Limits limits;
  int64_t drain_ms = 20'000;
  bool page = true;
  std::vector<std::string> cors_origins;  // Exact origins, or "*" alone.
  bool operator==(const Options&) const = default;
};

}  // namespace ringcast::server
