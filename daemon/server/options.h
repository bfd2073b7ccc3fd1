#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "http/forwarded.h"
#include "mercure/options.h"
#include "net/ip_address.h"
#include "topics/policy.h"

namespace ringcast::server {

struct Limits {
  uint64_t connections = 100'000;
  // An address can be a whole company's: so many never are one, but cannot use all up either.
  uint64_t connections_per_address = 10'000;
  // A token is often that of all readers of an application: no less than all, unless set.
  uint64_t connections_per_token = 100'000;
  uint64_t topics = 100'000;  // Topics that hold a ring.
  uint64_t topics_per_token = 100'000;
  uint64_t topics_per_subscription = 100;
  uint64_t publish_rate_per_address = 1'000'000;  // Events in a second.
  uint64_t publish_rate_per_token = 1'000'000;
  int64_t publish_burst_ms = 1'000;    // What these rates give in so long can come at once.
  uint64_t tracked_clients = 100'000;  // Addresses, and tokens, whose rate is remembered.
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

// Who may say for whom it forwards.
struct ProxyOptions {
  std::vector<net::IpPrefix> trusted;
  bool trusts_unix = false;  // Whoever connects over a unix socket.
  http::ForwardedHeader header = http::ForwardedHeader::kXForwardedFor;
  bool has_protocol = false;  // Their connections begin with a header of the PROXY protocol.

  // `peer`: nothing for a unix socket.
  [[nodiscard]] bool trusts(const std::optional<net::IpAddress>& peer) const {
    return peer ? std::any_of(trusted.begin(), trusted.end(),
                              [&](const net::IpPrefix& prefix) { return prefix.contains(*peer); })
                : trusts_unix;
  }
  bool operator==(const ProxyOptions&) const = default;
};

// What goes into the log about requests: those that were refused, also what was published and who
// reads, or nothing.
enum class AccessLines : uint8_t { kRefused, kAll, kNone };

// How the hub writes its journal, where there is one.
struct CommitOptions {
  uint64_t pending_bytes = 64ULL << 20;  // What may wait to be written.
  int64_t sync_interval_ms = 1000;       // For a journal that does not sync by itself.
  bool operator==(const CommitOptions&) const = default;
};

// What the hub and the workers do. `memory_bytes` and `workers` are fixed at the start, and so are
// the path and the subscriptions of Mercure; all else can change while they run.
struct Options {
  uint32_t workers = 1;  // 1 to 63.
  uint64_t memory_bytes = 512ULL << 20;
  topics::Policies policies;
  StreamOptions stream;
  IdempotencyOptions idempotency;
  CommitOptions commit;
  Limits limits;
  ProxyOptions proxies;
  int64_t drain_ms = 20'000;
  bool page = true;
  bool dashboard = true;
  AccessLines access_lines = AccessLines::kRefused;
  std::vector<std::string> presence;      // Patterns of topics whose readers are told of.
  std::vector<std::string> hosts;         // Names that Host may have besides loopback's.
  std::vector<std::string> cors_origins;  // Exact origins, or "*" alone.
  mercure::Options mercure;
  bool operator==(const Options&) const = default;
};

}  // namespace ringcast::server
