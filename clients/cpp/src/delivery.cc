#include "cpp/src/delivery.h"

#include <algorithm>
#include <utility>

namespace ringcast::client {
namespace {

using std::chrono::steady_clock;

constexpr uint64_t kFirstPauseMs = 100;
constexpr uint64_t kLongestPauseMs = 5'000;

}  // namespace

Delivery::Delivery(Session& session, std::shared_ptr<const HttpRequest> request,
                   PublishOptions options, Done done)
    : session_(session),
      request_(std::move(request)),
      options_(std::move(options)),
      done_(std::move(done)),
      queued_at_(steady_clock::now()),
      backoff_(kFirstPauseMs, kLongestPauseMs, random_bits) {}

void Delivery::start(Outage& outage, std::function<void()> on_settled) {
  outage_ = &outage;
  on_settled_ = std::move(on_settled);
  attempt();
}

void Delivery::attempt() {
  call_ = session_.call(request_, weak_from_this());
}

void Delivery::on_done(Result<Answer> answer) {
  call_.reset();
  if (answer && (answer->status < 200 || answer->status >= 300)) {
    answer = refusal(*answer);
  }
  if (answer || !answer.error().is_transient) {
    outage_->reset();
  } else if (wait_out(answer.error())) {
    return;
  }
  settle(std::move(answer));
}

// Is there time for another attempt? It counts from the first failure in a row.
bool Delivery::wait_out(const Error& error) {
  const auto now = steady_clock::now();
  *outage_ = outage_->value_or(now);
  const auto give_up = later(std::max(queued_at_, **outage_), options_.retry_for_ms);
  const uint64_t wait_ms = std::max(backoff_.next_ms(), error.retry_after_ms.value_or(0));
  if (later(now, wait_ms) > give_up) {
    return false;
  }
  if (!timer_) {
    timer_ = session_.make_timer([this] { attempt(); });
  }
  timer_->start(wait_ms);
  if (options_.on_retry) {
    options_.on_retry(error, wait_ms);  // Last: it may even close the client.
  }
  return true;
}

void Delivery::settle(Result<Answer> answer) {
  timer_.reset();
  const Done done = std::exchange(done_, nullptr);
  if (const auto on_settled = std::exchange(on_settled_, nullptr)) {
    on_settled();
  }
  if (done) {
    done(std::move(answer));
  }
}

void Delivery::end(Error error) {
  call_.reset();
  on_settled_ = nullptr;
  settle(std::move(error));
}

void Delivery::abandon() {
  call_.reset();
  timer_.reset();
  done_ = nullptr;
  on_settled_ = nullptr;
  options_.on_retry = nullptr;
}

}  // namespace ringcast::client
