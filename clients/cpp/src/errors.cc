#include "cpp/src/errors.h"

#include <algorithm>
#include <utility>

#include "cpp/src/json_members.h"

namespace ringcast::client {
namespace {

constexpr uint64_t kLongestWaitS = 3'600;

bool is_transient(Errc code) {
  switch (code) {
    case Errc::kNoConnection:
    case Errc::kBroken:
    case Errc::kTimeout:
    case Errc::kNoToken:
    case Errc::kQueueFull:
      return true;
    case Errc::kNone:
    case Errc::kInvalid:
    case Errc::kUnusable:
    case Errc::kRefused:
    case Errc::kNotAStream:
    case Errc::kTooLarge:
    case Errc::kClosed:
      break;
  }
  return false;
}

bool is_transient_status(int status) {
  return status == 408 || status == 429 || (status >= 502 && status <= 504);
}

}  // namespace

Error make_error(Errc code, std::string message) {
  Error error;
  error.code = code;
  error.message = std::move(message);
  error.is_transient = is_transient(code);
  return error;
}

Error refusal(const Answer& answer) {
  Error error = make_error(Errc::kRefused, "the broker answered " + std::to_string(answer.status));
  error.status = answer.status;
  error.is_transient = is_transient_status(answer.status);
  error.problem = read_problem(answer.body);
  const std::string& title = error.problem.title;
  const std::string& detail = error.problem.detail;
  if (!detail.empty() || !title.empty()) {
    error.message += ": " + (detail.empty() ? title : detail);
  }
  if (answer.retry_after_s > 0) {
    error.retry_after_ms = std::min(answer.retry_after_s, kLongestWaitS) * 1'000;
  }
  return error;
}

Problem read_problem(std::string_view body) {
  Problem problem;
  const bool is_read = each_member(body, [&problem](std::string_view name, Member& member) {
    if (name == "type") {
      member.read(problem.type);
    } else if (name == "title") {
      member.read(problem.title);
    } else if (name == "detail") {
      member.read(problem.detail);
    } else if (name == "field") {
      member.read(problem.field);
    } else if (name == "line") {
      member.read(problem.line);
    } else if (name == "accepted") {
      member.read(problem.accepted);
    }
  });
  return is_read ? problem : Problem{};
}

Error check_header_value(std::string_view what, std::string_view value) {
  const bool is_safe =
      std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return is_safe ? Error{} : invalid(std::string(what) + " must be printable ASCII");
}

}  // namespace ringcast::client
