#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cpp/src/backoff.h"
#include "cpp/src/event_parser.h"
#include "cpp/src/session.h"
#include "ringcast/subscription.h"

namespace ringcast::client {

// A subscription: connects, hands events over, and connects again. Shared by the handle that the
// user has and the client; after end() or close() it touches neither.
class Stream : public AnswerSink,
               public EventParser::Sink,
               public std::enable_shared_from_this<Stream> {
 public:
  // `forget` is called when it has ended by itself, before on_end.
  Stream(Session& session, SubscribeOptions options, SubscriptionHandlers handlers,
         std::function<void(const std::shared_ptr<Stream>&)> forget);

  // Begins in the loop's next turn.
  void start();
  // For good; the handlers are told.
  void end(const Error& error);
  // For good; nobody is told.
  void close();
  void pause();
  void resume();

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const std::string& last_event_id() const { return parser_.last_event_id(); }

 private:
  // Of the answer.
  void on_open() override;
  void on_bytes(std::string_view bytes) override;
  void on_done(Result<Answer> answer) override;
  // Of the parser.
  void on_event(Event event) override;
  void on_comment(std::string_view line) override;
  void on_retry(uint64_t retry_ms) override { backoff_.set_base_ms(retry_ms); }
  [[nodiscard]] bool wants_more() const override { return !is_paused_ && is_alive(); }

  [[nodiscard]] bool is_alive() const { return state_ != State::kEnded; }
  void connect();
  void read(std::string_view bytes);
  void go_on();
  void on_idle();
  void watch_idle();
  void judge(const Result<Answer>& answer);
  void fail(Error error);
  void wait(Error error, uint64_t wait_ms);
  void change(State state, Error error, uint64_t wait_ms);
  void let_go();

  Session& session_;
  SubscribeOptions options_;
  // Who calls one holds it: it may close this, and is not destroyed while it runs.
  std::shared_ptr<const SubscriptionHandlers> handlers_;
  std::function<void(const std::shared_ptr<Stream>&)> forget_;
  std::string path_;
  EventParser parser_;
  Backoff backoff_;
  std::unique_ptr<Timer> retry_timer_;
  std::unique_ptr<Timer> idle_timer_;
  std::shared_ptr<Call> call_;
  State state_ = State::kConnecting;
  bool is_open_ = false;  // This attempt reached a stream.
  bool is_paused_ = false;
  std::string rest_;                       // Came after pause().
  std::optional<Result<Answer>> outcome_;  // The connection's end, while `rest_` comes first.
  std::optional<std::chrono::steady_clock::time_point> give_up_;
};

// kInvalid when there is something in `options` that cannot be sent.
[[nodiscard]] Error check(const SubscribeOptions& options);

}  // namespace ringcast::client
