#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ringcast::cli {

// The most that is read as one event.
inline constexpr size_t kMaxEventBytes = size_t{64} << 20U;

// How to reach the broker: flags first, then RINGCAST_* from the environment.
struct ConnectOptions {
  std::string url;
  std::string token;
  std::string ca_file;    // Empty: the system's certificates.
  bool insecure = false;  // Whoever answers is believed to be the broker.
};

struct PublishOptions {
  std::string topic;
  std::optional<std::string> data;
  std::string file;  // "-": all of standard input is one event.
  std::string event;
  std::string id;
  std::optional<uint64_t> retry_ms;
  std::string key;
  bool json = false;
  bool print_id = false;
  uint64_t retry_for_ms = 30'000;
};

struct SubscribeOptions {
  std::vector<std::string> topics;
  std::string since;
  std::string last_event_id;
  std::vector<std::string> events;
  std::optional<uint64_t> count;
  std::optional<uint64_t> timeout_ms;
  bool json = false;
  bool envelope = false;
  uint64_t retry_for_ms = 300'000;
};

struct TopicsOptions {
  std::string prefix;
  bool json = false;
};

struct HistoryOptions {
  std::string topic;
  std::string after;
  std::optional<uint64_t> limit;
  bool json = false;
};

struct HealthOptions {
  uint64_t timeout_ms = 2'000;
};

// All that look after a journal; each command takes its part.
struct JournalOptions {
  std::string directory;
  bool quick = false;                 // check
  bool json = false;                  // stats
  std::optional<uint64_t> topics;     // stats: the largest N...
  bool by_events = false;             // ...by events instead of bytes.
  std::vector<std::string> patterns;  // export
  std::optional<uint64_t> after;      // export
  std::string file;                   // import; empty or "-": standard input.
};

struct TokenOptions {
  std::string name;  // Empty: made from the token's digest.
  std::vector<std::string> publish;
  std::vector<std::string> subscribe;
  std::vector<std::string> admin;
  bool json = false;
};

struct CompletionOptions {
  std::string shell;
};

struct Options {
  ConnectOptions connect;
  PublishOptions publish;
  SubscribeOptions subscribe;
  TopicsOptions topics;
  HistoryOptions history;
  HealthOptions health;
  JournalOptions journal;
  TokenOptions token;
  CompletionOptions completion;
};

}  // namespace ringcast::cli
