#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/exit_code.h"

namespace ringcast::cli {

// An answer, or what came of it.
struct Response {
  int64_t status = 0;
  std::string content_type;
  std::string body;
  uint64_t retry_after_s = 0;  // 0: no such header.
};

// An error of the broker as RFC 9457 has it; empty and -1 where a member is absent.
struct Problem {
  std::string title;
  std::string detail;
  int64_t line = -1;  // Of NDJSON, from 1.
};
[[nodiscard]] Problem read_problem(std::string_view body);

// What a failed exchange means for the command.
struct Verdict {
  bool is_transient = false;  // Asking again may help.
  ExitCode code = ExitCode::kRefused;
  std::string text;
  uint64_t wait_ms = 0;  // The broker's Retry-After.
};

// Nothing when the exchange went well (2xx). A transport's kIo and kTimeout are transient,
// kInvalid (a certificate, a malformed URL) is not; of the statuses 408, 429, 502, 503 and 504 are.
[[nodiscard]] std::optional<Verdict> judge(const Result<Response>& exchange);

}  // namespace ringcast::cli
