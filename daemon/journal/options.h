#pragma once

#include <cstdint>
#include <string>

namespace ringcast::journal {

// What an acknowledged event has survived when its publisher is answered.
enum class Sync {
  kAlways,    // A power cut: it was synced to disk.
  kInterval,  // The end of the process; a power cut takes the last `interval`.
  kOff,       // The end of the process; a power cut takes what the kernel had not written.
};

// `path` and `sync` are fixed at the start, all else can change while the daemon runs.
struct Options {
  std::string path;  // A directory; empty: no journal, memory only.
  Sync sync = Sync::kAlways;
  int64_t interval_ms = 1000;            // kInterval: sync so often.
  uint64_t pending_bytes = 64ULL << 20;  // What may wait to be written, at most.
  uint64_t max_bytes = 1ULL << 30;       // Of all files together.
  bool operator==(const Options&) const = default;
};

}  // namespace ringcast::journal
