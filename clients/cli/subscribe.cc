#include "cli/subscribe.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "cli/event_text.h"
#include "cli/messages.h"

namespace ringcast::cli {
namespace {

class Printer {
 public:
  Printer(const SubscribeOptions& options, Broker& broker, EndCondition& end, Output& output)
      : options_(options), broker_(broker), end_(end), output_(output) {}

  ExitCode run();

 private:
  [[nodiscard]] client::SubscribeOptions wanted() const;
  void on_event(const client::Event& event);
  void on_state(const client::StateChange& change);
  void on_end(const client::Error& error);
  bool flush();
  ExitCode ended();

  const SubscribeOptions& options_;
  Broker& broker_;
  EndCondition& end_;
  Output& output_;
  client::Subscription subscription_;
  std::string pending_;  // What one turn of the loop prints, written at its end.
  uint64_t count_ = 0;
  std::optional<ExitCode> result_;
  bool is_open_ = false;
  bool was_open_ = false;
  bool is_outage_told_ = false;
};

ExitCode Printer::run() {
  client::SubscriptionHandlers handlers;
  handlers.on_event = [this](const client::Event& event) { on_event(event); };
  handlers.on_gap = [this](const client::Gap& gap) {
    // In its place between the events, also when both streams go to one terminal.
    static_cast<void>(flush());
    complain(describe_gap(gap.data));
  };
  handlers.on_state = [this](const client::StateChange& change) { on_state(change); };
  handlers.on_end = [this](const client::Error& error) { on_end(error); };
  subscription_ = broker_.client().subscribe(wanted(), std::move(handlers));
  const auto is_done = [this] {
    static_cast<void>(flush());
    return result_.has_value();
  };
  broker_.run_until(is_done, &end_);
  return ended();
}

client::SubscribeOptions Printer::wanted() const {
  client::SubscribeOptions wanted;
  wanted.topics = options_.topics;
  wanted.since = options_.since;
  wanted.last_event_id = options_.last_event_id;
  wanted.types = options_.events;
  wanted.envelope = options_.envelope;
  wanted.max_event_bytes = kMaxEventBytes;
  wanted.idle_timeout_ms = 0;  // The broker may have been told to be silent for longer.
  wanted.retry_for_ms = options_.retry_for_ms;
  return wanted;
}

void Printer::on_event(const client::Event& event) {
  append_event(pending_, event, options_.json);
  ++count_;
  if (options_.count && count_ >= *options_.count) {
    result_ = ExitCode::kOk;
    subscription_.close();
  }
}

void Printer::on_state(const client::StateChange& change) {
  const bool was_open = std::exchange(is_open_, change.state == client::State::kOpen);
  if (is_open_) {
    was_open_ = true;
    is_outage_told_ = false;
  } else if (change.state == client::State::kWaiting && !was_open &&
             !std::exchange(is_outage_told_, true)) {
    complain(change.error.message + " (trying again)");
  }
}

void Printer::on_end(const client::Error& error) {
  if (flush()) {
    complain(error.message);
    result_ = exit_code_of(error);
  }
}

bool Printer::flush() {
  const bool is_written = output_.write(pending_);
  pending_.clear();
  if (!is_written && end_.check() == EndCondition::Reason::kNone) {
    result_ = output_.exit_code();
    subscription_.close();
  }
  return is_written;
}

ExitCode Printer::ended() {
  if (result_) {
    return *result_;
  }
  switch (end_.check()) {
    case EndCondition::Reason::kNone:
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

}  // namespace

ExitCode subscribe(const SubscribeOptions& options, Broker& broker, EndCondition& end,
                   Output& output) {
  return Printer(options, broker, end, output).run();
}

}  // namespace ringcast::cli
