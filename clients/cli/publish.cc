#include "cli/publish.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "cli/backoff.h"
#include "cli/endpoint.h"
#include "cli/event_encoder.h"
#include "cli/line_reader.h"
#include "cli/messages.h"
#include "cli/verdict.h"

namespace ringcast::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr uint64_t kFirstWaitMs = 100;
constexpr uint64_t kLongestWaitMs = 5'000;
constexpr size_t kMaxEventBytes = 64ULL << 20U;

std::string read_id(std::string_view body) {
  std::string id;
  json::Reader reader;
  const auto read = reader.read(body, [&id](json::Value& root) {
    return root.each_field([&id](std::string_view name, json::Value& value) -> Status {
      if (name != "id" || value.kind() != json::Value::Kind::kString) {
        std::string skipped;
        return value.append_minified(skipped);
      }
      auto text = value.string();
      if (text) {
        id = *text;
      }
      return Ok{};
    });
  });
  return read ? id : std::string();
}

class Publisher {
 public:
  Publisher(const PublishOptions& options, HttpClient& client, Output& output)
      : options_(options), client_(client), output_(output), encoder_(options) {}

  ExitCode publish_one(std::string_view text, const std::string& key);
  ExitCode publish_lines(int fd);

 private:
  ExitCode publish_batch(const std::vector<std::string>& lines);
  std::optional<Response> deliver(const Request& request);
  void complain_of(const Verdict& verdict, const Result<Response>& exchange) const;
  [[nodiscard]] std::string place() const;

  const PublishOptions& options_;
  HttpClient& client_;
  Output& output_;
  EventEncoder encoder_;
  std::string key_prefix_;
  uint64_t first_line_ = 0;  // Of the batch on its way, from 1; 0 where there are no lines.
  ExitCode failure_ = ExitCode::kOk;
};

std::string Publisher::place() const {
  return first_line_ == 0 ? "" : "line " + std::to_string(first_line_) + ": ";
}

ExitCode Publisher::publish_one(std::string_view text, const std::string& key) {
  auto body = encoder_.body(text);
  if (!body) {
    complain(place() + body.error().detail);
    return ExitCode::kUsage;
  }
  Query query;
  if (!options_.event.empty()) {
    query.add("event", options_.event);
  }
  if (!options_.id.empty()) {
    query.add("id", options_.id);
  }
  if (options_.retry_ms) {
    query.add("retry", std::to_string(*options_.retry_ms));
  }
  const auto response =
      deliver({.method = "POST",
               .path = topic_path(options_.topic) + query.text(),
               .headers = {options_.json ? "Content-Type: application/json"
                                         : "Content-Type: text/plain; charset=utf-8",
                           "Idempotency-Key: " + key},
               .body = *std::move(body)});
  if (!response) {
    return failure_;
  }
  if (options_.print_id && !output_.write(read_id(response->body) + "\n")) {
    return output_.exit_code();
  }
  return ExitCode::kOk;
}

ExitCode Publisher::publish_lines(int fd) {
  key_prefix_ = options_.key.empty() ? random_hex() : options_.key;
  // The answer to a batch names no single ids, so that those who want them get a request a line.
  LineReader reader(fd, {.lines = options_.print_id ? 1U : 4'096U});
  for (uint64_t next_line = 1;;) {
    auto lines = reader.next();
    if (!lines) {
      complain("line " + std::to_string(next_line) + ": " + lines.error().detail);
      return ExitCode::kUsage;
    }
    if (lines->empty()) {
      return ExitCode::kOk;
    }
    first_line_ = next_line;
    const ExitCode code =
        options_.print_id
            ? publish_one(lines->front(), key_prefix_ + "-" + std::to_string(next_line))
            : publish_batch(*lines);
    if (code != ExitCode::kOk) {
      return code;
    }
    next_line += lines->size();
  }
}

// What stands before a line that is wrong is published, as it would be had it come alone.
ExitCode Publisher::publish_batch(const std::vector<std::string>& lines) {
  std::string body;
  std::string wrong;
  uint64_t number = first_line_;
  for (const auto& line : lines) {
    const std::string key = key_prefix_ + "-" + std::to_string(number);
    if (auto encoded = encoder_.append_line(body, line, key); !encoded) {
      wrong = "line " + std::to_string(number) + ": " + encoded.error().detail;
      break;
    }
    ++number;
  }
  if (!body.empty() && !deliver({.method = "POST",
                                 .path = "/events",
                                 .headers = {"Content-Type: application/x-ndjson"},
                                 .body = std::move(body)})) {
    return failure_;
  }
  if (!wrong.empty()) {
    complain(wrong);
    return ExitCode::kUsage;
  }
  return ExitCode::kOk;
}

// Sends until the broker has it; nothing when it refused or the time for retries is over.
std::optional<Response> Publisher::deliver(const Request& request) {
  Backoff backoff(kFirstWaitMs, kLongestWaitMs, random_bits);
  std::optional<steady_clock::time_point> give_up;
  for (;;) {
    auto exchange = client_.send(request);
    const auto verdict = judge(exchange);
    if (!verdict) {
      return *std::move(exchange);
    }
    const auto now = steady_clock::now();
    const milliseconds wait(std::max(backoff.next_ms(), verdict->wait_ms));
    const bool is_first = !give_up;
    give_up = give_up.value_or(now + milliseconds(options_.retry_for_ms));
    if (!verdict->is_transient || now + wait > *give_up) {
      complain_of(*verdict, exchange);
      failure_ = verdict->code;
      return std::nullopt;
    }
    if (is_first) {
      complain(verdict->text + " (trying again)");
    }
    std::this_thread::sleep_for(wait);
  }
}

void Publisher::complain_of(const Verdict& verdict, const Result<Response>& exchange) const {
  // With --print-id a request is a line; else the broker says which one it was.
  const bool is_of_line = exchange && first_line_ > 0;
  const int64_t line = !is_of_line || options_.print_id ? 1 : read_problem(exchange->body).line;
  if (!is_of_line || line < 1) {
    complain(verdict.text);
    return;
  }
  const uint64_t number = first_line_ + static_cast<uint64_t>(line) - 1;
  complain("line " + std::to_string(number) + ": " + verdict.text);
}

ExitCode publish_file(const PublishOptions& options, Publisher& publisher, const std::string& key) {
  const bool is_input = options.file == "-";
  const int fd = is_input ? STDIN_FILENO : open(options.file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    complain("cannot open '" + options.file + "': " + std::strerror(errno));
    return ExitCode::kUsage;
  }
  auto text = read_all(fd, kMaxEventBytes);
  if (!is_input) {
    close(fd);
  }
  if (!text) {
    complain(options.file + ": " + text.error().detail);
    return ExitCode::kUsage;
  }
  return publisher.publish_one(*text, key);
}

}  // namespace

ExitCode publish(const PublishOptions& options, HttpClient& client, Output& output) {
  if (!is_utf8(options.topic) || !is_utf8(options.event)) {
    complain("topic and event must be UTF-8");
    return ExitCode::kUsage;
  }
  Publisher publisher(options, client, output);
  const std::string key = options.key.empty() ? random_hex() : options.key;
  if (options.data) {
    return publisher.publish_one(*options.data, key);
  }
  if (!options.file.empty()) {
    return publish_file(options, publisher, key);
  }
  if (!options.id.empty()) {
    complain("--id is for one event: give DATA or --file");
    return ExitCode::kUsage;
  }
  return publisher.publish_lines(STDIN_FILENO);
}

}  // namespace ringcast::cli
