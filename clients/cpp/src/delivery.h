#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "cpp/src/backoff.h"
#include "cpp/src/session.h"
#include "ringcast/publish.h"

namespace ringcast::client {

// Since when nothing has gone through. What has waited since before gives up together; else each
// of a hundred that wait would try for its own 30 s after the one before it.
using Outage = std::optional<std::chrono::steady_clock::time_point>;

// A request that is sent until the broker has answered it for good, and whom to tell of that.
class Delivery : public AnswerSink, public std::enable_shared_from_this<Delivery> {
 public:
  // Any answer with 2xx, or the error that remained.
  using Done = std::function<void(Result<Answer> answer)>;

  Delivery(Session& session, std::shared_ptr<const HttpRequest> request, PublishOptions options,
           Done done);

  // `outage` outlives this and is kept by its attempts. `on_settled` is called before `done`.
  void start(Outage& outage, std::function<void()> on_settled);
  // Ends it with `error`, also before start(); `on_settled` is not called.
  void end(Error error);
  // Ends it, and nobody is told.
  void abandon();
  [[nodiscard]] size_t bytes() const { return request_->body ? request_->body->size() : 0; }

 private:
  void attempt();
  void on_open() override {}
  void on_bytes(std::string_view /*bytes*/) override {}
  void on_done(Result<Answer> answer) override;
  bool wait_out(const Error& error);
  void settle(Result<Answer> answer);

  Session& session_;
  std::shared_ptr<const HttpRequest> request_;
  PublishOptions options_;
  Done done_;
  std::function<void()> on_settled_;
  std::chrono::steady_clock::time_point queued_at_;
  Backoff backoff_;
  Outage* outage_ = nullptr;
  std::unique_ptr<Timer> timer_;  // Once an attempt has failed.
  std::shared_ptr<Call> call_;
};

}  // namespace ringcast::client
