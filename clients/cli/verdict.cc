#include "cli/verdict.h"

#include <algorithm>
#include <cstdint>

#include "base/json.h"

namespace ringcast::cli {
namespace {

constexpr uint64_t kLongestWaitS = 3'600;

bool is_transient(int64_t status) {
  return status == 408 || status == 429 || (status >= 502 && status <= 504);
}

Status read_member(std::string_view name, json::Value& value, Problem& problem) {
  const bool is_text = value.kind() == json::Value::Kind::kString;
  const bool is_number = value.kind() == json::Value::Kind::kNumber;
  if (is_text && (name == "title" || name == "detail")) {
    if (auto text = value.string()) {
      (name == "title" ? problem.title : problem.detail) = *text;
    }
    return Ok{};
  }
  if (is_number && name == "line") {
    if (auto line = value.whole_number()) {
      problem.line = static_cast<int64_t>(*line);
    }
    return Ok{};
  }
  std::string skipped;
  return value.append_minified(skipped);
}

std::string describe(const Response& response) {
  std::string text = "the broker answered " + std::to_string(response.status);
  const Problem problem = read_problem(response.body);
  if (!problem.detail.empty() || !problem.title.empty()) {
    text += ": " + (problem.detail.empty() ? problem.title : problem.detail);
  }
  return text;
}

}  // namespace

Problem read_problem(std::string_view body) {
  Problem problem;
  json::Reader reader;
  const auto read = reader.read(body, [&problem](json::Value& root) {
    return root.each_field([&problem](std::string_view name, json::Value& value) {
      return read_member(name, value, problem);
    });
  });
  return read ? problem : Problem{};
}

std::optional<Verdict> judge(const Result<Response>& exchange) {
  if (!exchange) {
    return Verdict{.is_transient = exchange.error().code != Errc::kInvalid,
                   .code = ExitCode::kCannotConnect,
                   .text = exchange.error().detail,
                   .wait_ms = 0};
  }
  if (exchange->status >= 200 && exchange->status < 300) {
    return std::nullopt;
  }
  return Verdict{.is_transient = is_transient(exchange->status),
                 .code = ExitCode::kRefused,
                 .text = describe(*exchange),
                 .wait_ms = std::min(exchange->retry_after_s, kLongestWaitS) * 1'000};
}

}  // namespace ringcast::cli
