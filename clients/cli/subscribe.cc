#include "cli/subscribe.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cli/backoff.h"
#include "cli/endpoint.h"
#include "cli/event_text.h"
#include "cli/messages.h"
#include "cli/verdict.h"
#include "sse/stream_parser.h"

namespace ringcast::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t kMaxBlockBytes = 64ULL << 20U;
constexpr uint64_t kFirstRetryMs = 1'000;  // Until a stream says otherwise.
constexpr uint64_t kLongestWaitMs = 30'000;

class Subscription {
 public:
  Subscription(const SubscribeOptions& options, HttpClient& client, EndCondition& end,
               Output& output);

  ExitCode run();

 private:
  [[nodiscard]] Request request() const;
  void on_open();
  bool on_bytes(std::string_view bytes);
  Status on_block(sse::Block&& block);
  bool flush();
  std::optional<ExitCode> ended();
  std::optional<ExitCode> wait_after(const Result<Response>& exchange);
  std::optional<ExitCode> wait_out(const Verdict& verdict);

  const SubscribeOptions& options_;
  HttpClient& client_;
  EndCondition& end_;
  Output& output_;
  sse::StreamParser parser_{kMaxBlockBytes};
  Backoff backoff_{kFirstRetryMs, kLongestWaitMs, random_bits};
  std::string path_;
  std::string last_id_;
  std::string pending_;  // What the bytes at hand print, written at their end.
  uint64_t count_ = 0;
  std::optional<ExitCode> result_;
  bool is_open_ = false;   // This attempt reached a stream.
  bool was_open_ = false;  // Any attempt did.
  std::optional<steady_clock::time_point> give_up_;
};

Subscription::Subscription(const SubscribeOptions& options, HttpClient& client, EndCondition& end,
                           Output& output)
    : options_(options),
      client_(client),
      end_(end),
      output_(output),
      last_id_(options.last_event_id) {
  Query query;
  for (const auto& topic : options.topics) {
    query.add("topic", topic);
  }
  if (!options.since.empty()) {
    query.add("since", options.since);
  }
  for (const auto& event : options.events) {
    query.add("event", event);
  }
  if (options.envelope) {
    query.add("envelope", "true");
  }
  path_ = "/events" + query.text();
}

ExitCode Subscription::run() {
  const StreamSink sink{
      .on_open = [this] { on_open(); },
      .on_bytes = [this](std::string_view bytes) { return on_bytes(bytes); },
  };
  for (;;) {
    is_open_ = false;
    const auto exchange = client_.stream(request(), sink, end_);
    if (const auto code = ended()) {
      return *code;
    }
    if (const auto code = wait_after(exchange)) {
      return *code;
    }
  }
}

Request Subscription::request() const {
  Request request{.path = path_,
                  .headers = {"Accept: text/event-stream", "Cache-Control: no-store"}};
  if (!last_id_.empty()) {
    request.headers.push_back("Last-Event-ID: " + last_id_);
  }
  return request;
}

void Subscription::on_open() {
  is_open_ = true;
  was_open_ = true;
  give_up_.reset();
  backoff_.reset();
  parser_ = sse::StreamParser(kMaxBlockBytes);  // An unfinished block dies with its stream.
}

bool Subscription::on_bytes(std::string_view bytes) {
  const auto fed =
      parser_.feed(bytes, [this](sse::Block&& block) { return on_block(std::move(block)); });
  if (!flush()) {
    return false;
  }
  if (!fed) {
    complain("the stream cannot be read: " + fed.error().detail);
    result_ = ExitCode::kRefused;
  }
  return !result_;
}

Status Subscription::on_block(sse::Block&& block) {
  if (result_) {
    return Ok{};  // What came in the same bytes as the last event that was wanted.
  }
  if (block.retry_ms) {
    backoff_.set_base_ms(*block.retry_ms);
  }
  if (block.id) {
    last_id_ = *std::move(block.id);
  }
  if (!block.data) {
    return Ok{};
  }
  if (block.event == "ringcast.gap") {
    // In its place between the events, also when both streams go to one terminal.
    static_cast<void>(flush());
    complain(describe_gap(*block.data));
    return Ok{};
  }
  append_event(pending_, block, last_id_, options_.json);
  ++count_;
  if (options_.count && count_ >= *options_.count) {
    result_ = ExitCode::kOk;
  }
  return Ok{};
}

bool Subscription::flush() {
  const bool is_written = output_.write(pending_);
  pending_.clear();
  if (!is_written && end_.check() == EndCondition::Reason::kNone) {
    result_ = output_.exit_code();
  }
  return is_written;
}

std::optional<ExitCode> Subscription::ended() {
  if (result_) {
    return result_;
  }
  switch (end_.check()) {
    case EndCondition::Reason::kNone:
      return std::nullopt;
    case EndCondition::Reason::kSignal:
    case EndCondition::Reason::kOutputClosed:
      return ExitCode::kOk;
    case EndCondition::Reason::kDeadline:
      break;
  }
  if (!was_open_) {
    complain("timed out before there was a connection");
    return ExitCode::kCannotConnect;
  }
  if (options_.count) {
    complain("timed out with " + std::to_string(count_) + " of " + std::to_string(*options_.count) +
             " events");
    return ExitCode::kTimedOut;
  }
  return ExitCode::kOk;
}

// Decides after an attempt that ended by itself; nothing: try again now.
std::optional<ExitCode> Subscription::wait_after(const Result<Response>& exchange) {
  const auto verdict = judge(exchange);
  if (verdict && !verdict->is_transient) {
    complain(verdict->text);
    return verdict->code;
  }
  if (!verdict && !is_open_) {
    complain("the answer is no event stream but " +
             (exchange->status == 200 ? "'" + exchange->content_type + "'"
                                      : "status " + std::to_string(exchange->status)));
    return ExitCode::kRefused;
  }
  if (verdict && !is_open_) {
    return wait_out(*verdict);
  }
  end_.sleep(backoff_.next_ms());
  return ended();
}

// Waits within the time that --retry-for allows; it counts from the first failure in a row.
std::optional<ExitCode> Subscription::wait_out(const Verdict& verdict) {
  const auto now = steady_clock::now();
  const milliseconds wait(std::max(backoff_.next_ms(), verdict.wait_ms));
  const bool is_first = !give_up_;
  give_up_ = give_up_.value_or(now + milliseconds(options_.retry_for_ms));
  if (now + wait > *give_up_) {
    complain(verdict.text);
    return verdict.code;
  }
  if (is_first) {
    complain(verdict.text + " (trying again)");
  }
  end_.sleep(static_cast<uint64_t>(wait.count()));
  return ended();
}

}  // namespace

ExitCode subscribe(const SubscribeOptions& options, HttpClient& client, EndCondition& end,
                   Output& output) {
  return Subscription(options, client, end, output).run();
}

}  // namespace ringcast::cli
