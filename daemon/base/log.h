#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringcast {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

// The parts of the daemon whose lines can have a level of their own.
inline constexpr std::array<std::string_view, 7> kLogModules = {
    "daemon", "access", "auth", "journal", "net", "tls", "webhooks"};

// One log line: what happened, and the facts as fields so that it can be searched.
struct LogLine {
  LogLevel level = LogLevel::kInfo;
  std::string message;
  std::vector<std::pair<std::string_view, std::string>> fields;
  std::string_view module = "daemon";  // A literal: one of kLogModules.
};

// Where log lines go. Thread-safe; `app` passes the real one in.
using Log = std::function<void(const LogLine&)>;

}  // namespace ringcast
