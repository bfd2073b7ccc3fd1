#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/grants.h"
#include "base/result.h"
#include "journal/options.h"
#include "net/address.h"
#include "net/tls_options.h"
#include "server/options.h"
#include "webhooks/options.h"

namespace ringcast::config {

struct LogOptions {
  enum class Level { kDebug, kInfo, kWarn, kError };
  enum class Format { kAuto, kText, kJson };
  Level level = Level::kInfo;
  Format format = Format::kAuto;                       // kAuto: text on a terminal, JSON elsewhere.
  std::map<std::string, Level, std::less<>> levels{};  // Of modules that have their own.

  // Whether a line of this module and level is written.
  [[nodiscard]] bool writes(std::string_view module, Level line) const;
  bool operator==(const LogOptions&) const = default;
};

struct Listen {
  net::Address address;
  std::string systemd{};                 // Instead: the name of sockets that systemd passes.
  std::optional<net::TlsOptions> tls{};  // None: plaintext.
  bool serves_public = true;
  bool serves_admin = true;
  bool operator==(const Listen&) const = default;
};

// The whole configuration: the sum of each module's Options.
struct Config {
  std::vector<Listen> listen;  // Default: 127.0.0.1:8080.

  uint32_t workers = 0;    // 0: auto, one per core.
  server::Options server;  // server.workers is resolved by `app`.
  journal::Options journal;
  std::vector<webhooks::Options> webhooks;
  auth::Options auth;
  LogOptions log;
  Config();
  bool operator==(const Config&) const = default;
};

// Where settings come from, weakest first: built-in defaults, file, environment, flags.
struct Sources {
  std::string file_name;  // For messages; empty: no file.
  std::string file_text;
  std::map<std::string, std::string> environment;  // Only RINGCAST_* is looked at.
  std::vector<std::string> set;                    // "path.to.key=value" (the value is YAML).
  std::vector<std::string> listen;                 // Replaces `listen`.
  // Which file a variable's value was read from, for messages: its name to the path.
  std::map<std::string, std::string> variable_files{};
};

struct Loaded {
  Config config;
  std::vector<std::string> warnings;  // Unknown RINGCAST_* variables.
};

// The effective configuration. Errors (kInvalid) name file, line and column, or the flag or
// variable, and for an unknown key the nearest valid one.
Result<Loaded> load(const Sources& sources);

// The effective configuration as YAML, which load() reads back to the same.
[[nodiscard]] std::string print(const Config& config);

// The dotted names of all scalar keys, for --set completion and the tests of the shipped file.
[[nodiscard]] std::vector<std::string> scalar_keys();

// Whether a variable of this name, as in RINGCAST_LIMITS_BODY, sets a key.
[[nodiscard]] bool is_variable(std::string_view name);

// The names of what differs between two configurations and needs a restart.
[[nodiscard]] std::vector<std::string> needs_restart(const Config& from, const Config& to);

}  // namespace ringcast::config
