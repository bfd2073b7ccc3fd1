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

// What a server says that does not speak of problems, such as a port that wants TLS: the first line
// of its text, if that is short.
std::string plain_reason(const Answer& answer) {
  constexpr size_t kLongest = 200;
  const std::string line = answer.body.substr(0, answer.body.find_first_of("\r\n"));
  const bool is_shown = answer.content_type.starts_with("text/plain") && line.size() <= kLongest &&
                        std::all_of(line.begin(), line.end(), [](char c) {
                          return static_cast<unsigned char>(c) >= ' ' && c != '\x7f';
                        });
  return is_shown ? line : std::string();
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
  const std::string& said = detail.empty() ? title : detail;
  const std::string reason = said.empty() ? plain_reason(answer) : said;
  if (!reason.empty()) {
    error.message += ": " + reason;
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
