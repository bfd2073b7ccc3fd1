#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/counter.h"
#include "base/json.h"
#include "base/log.h"
#include "server/fanout.h"
#include "webhooks/backoff.h"
#include "webhooks/batch.h"
#include "webhooks/options.h"
#include "webhooks/signature.h"

namespace ringcast::webhooks {

// A webhook as the configuration has it, with what its secret file held.
struct Target {
  Options options;
  Keys keys;
  bool operator==(const Target&) const = default;
};

// One attempt to deliver a batch.
struct Request {
  std::string url;
  std::string id;           // The headers webhook-id,
  std::string timestamp;    // webhook-timestamp
  std::string signature;    // and webhook-signature.
  const std::string& body;  // Until the outcome is told.
  int64_t timeout_ms;
};

// Written by the sender's thread, read by all.
struct WebhookCounts {
  Counter requests;   // Those with an outcome.
  Counter failures;   // Of them.
  Counter delivered;  // Events that were in batches that were taken.
  Counter lost;       // Events that were not told of, as far as they can be counted.
  std::atomic<bool> is_failing{false};
};

// A subscriber of the hub whose socket is a web server: what it subscribes to is gathered into
// batches, and these are delivered one after the other. The ring is the queue: while a batch waits
// for its outcome, one more is gathered and nothing else is kept, so that a receiver that is too
// slow, or away for too long, gets a gap like any other reader. No thread and no socket: the owner
// calls turn() and carries the requests. The fan-out and the hub outlive it.
class Webhook final : public server::FrameSink {
 public:
  using Random = std::function<uint64_t()>;

  Webhook(Target target, server::Hub& hub, server::Fanout& fanout, Log log, Random random);
  ~Webhook() override;

  // It goes on where it is, with other settings. Where they change how it is tried, what waits
  // after a failure is tried at once.
  void apply(Target target);
  // After each turn of the fan-out: opens and reopens its subscription, and closes a batch. True
  // when the fan-out has to turn again.
  bool turn(int64_t now_ms);
  // The request that is due, if any: its outcome must be told.
  std::optional<Request> next(int64_t now_ms);
  void delivered();
  // `why` goes into the log.
  void failed(int64_t now_ms, std::string_view why);
  // There is not much time: what waits after a failure is tried at once.
  void hurry(int64_t now_ms) { attempt_ms_ = std::min(attempt_ms_, now_ms); }
  // When turn() or next() has to be called again at the latest; INT64_MAX: not by time.
  [[nodiscard]] int64_t due_ms() const;
  // Whatever is visible was delivered.
  [[nodiscard]] bool is_caught_up() const;
  // Events that were taken from the rings and not delivered.
  [[nodiscard]] uint64_t undelivered() const { return sending_.events() + gathering_.events(); }
  // There may be more, which were not taken from the rings.
  [[nodiscard]] bool is_behind() const { return !subscriber_ || !subscriber_->is_at_tail; }

  [[nodiscard]] const std::string& name() const { return target_.options.name; }
  [[nodiscard]] std::shared_ptr<const WebhookCounts> counts() const { return counts_; }

  // server::FrameSink
  size_t write(std::span<const std::string_view> pieces) override;
  void end() override { has_ended_ = true; }

 private:
  [[nodiscard]] server::SubscriptionSpec subscription() const;
  void open(int64_t now_ms);
  void close();
  bool take(std::string_view block);
  [[nodiscard]] bool wants(Kind kind) const;
  [[nodiscard]] bool is_sending() const { return !body_.empty(); }
  [[nodiscard]] bool has_room_for(const Element& element) const;
  bool shift(int64_t now_ms);
  void give_up();
  void recharge();

  Target target_;
  server::Hub& hub_;
  server::Fanout& fanout_;
  const Log log_;
  const Random random_;
  const std::shared_ptr<WebhookCounts> counts_ = std::make_shared<WebhookCounts>();
  json::Reader reader_;
  std::unique_ptr<server::Subscriber> subscriber_;
  std::string resume_;  // Where the next subscription starts.
  int64_t open_ms_ = 0;
  bool has_ended_ = false;  // By the fan-out: it wants to be opened again.
  Batch gathering_;
  Batch sending_;                 // Its numbers; `body_` has its elements.
  std::string id_;                // Of the request,
  std::string body_;              // and what it says; empty: there is none.
  int64_t first_attempt_ms_ = 0;  // 0: none so far.
  int64_t attempt_ms_ = 0;        // The next one.
  bool is_in_flight_ = false;
  Backoff backoff_;
  size_t charged_ = 0;
};

}  // namespace ringcast::webhooks
