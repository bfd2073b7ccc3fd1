#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringcast::webhooks {

// Where events are sent to, and how hard it is tried.
struct Options {
  std::string name;                 // Unique: logs, metrics and reloads know it by that.
  std::string url;                  // https, or http on loopback.
  std::vector<std::string> topics;  // Patterns, none of which begins with "$".
  bool sends_publish = true;        // What is published in these topics,
  bool sends_join = false;          // who comes to them,
  bool sends_leave = false;         // and who leaves.
  std::string secret_file;
  uint64_t batch = 100;              // Events in one request, at most.
  uint64_t batch_bytes = 256 << 10;  // And so many bytes of them.
  int64_t timeout_ms = 15'000;       // A request may take so long.
  int64_t retry_ms = 1'000;        // The wait after a failure; twice as long after each other one,
  int64_t retry_most_ms = 60'000;  // and no longer than this.
  int64_t give_up_ms = 3'600'000;  // So long after its first attempt a batch is dropped.
  bool operator==(const Options&) const = default;
};

}  // namespace ringcast::webhooks
