// The beginning, deadlines, refusals and the end of a connection.
#include <algorithm>
#include <array>
#include <utility>

#include "server/connection.h"
#include "server/worker.h"

namespace ringcast::server {

namespace {

// How long what a refused client still sends is read and dropped, so that the answer is not lost to
// a reset (RFC 9112 section 9.6).
constexpr int64_t kLingerMs = 2000;
// How long a new connection may take to send its first byte while the daemon drains.
constexpr int64_t kFreshMs = 1000;
// How long the journal may take to answer: a disk that hangs is not the client's fault.
constexpr int64_t kJournalMs = 3'600'000;

}  // namespace

http::Response problem_for(const Error& error, Endpoint endpoint) {
  http::Response response = http::problem(error);
  switch (error.code) {
    case Errc::kMethodNotAllowed:
      response.headers.emplace_back("Allow", allowed_methods(endpoint));
      break;
    case Errc::kUnauthorized:
    case Errc::kForbidden:
      response.headers.emplace_back("WWW-Authenticate", challenge_for(error));
      break;
    case Errc::kTooMany:
    case Errc::kOverloaded:
    case Errc::kBehind:
    case Errc::kStorage:
    case Errc::kStorageFull:
      response.headers.emplace_back("Retry-After", "1");
      break;
    default:
      break;
  }
  return response;
}

Connection::Connection(Worker& worker, const Listening& listening, bool is_shed)
    : worker_(worker), listening_(listening), timer_(this), is_shed_(is_shed) {
  const Limits& limits = worker.settings().options.limits;
  dialogue_ = std::make_unique<Dialogue>(
      http::Limits{.max_head_bytes = limits.head_bytes, .max_body_bytes = limits.body_bytes},
      worker.services().hub.budget());
}

Connection::~Connection() {
  if (subscriber_) {
    worker_.fanout().close(*subscriber_);
    worker_.services().subscribers.fetch_sub(1, std::memory_order_relaxed);
  }
  if (stay_) {
    worker_.services().presence.leave(*stay_, presence_reason(end_reason_));
  }
  if (mercure_stay_) {
    worker_.services().mercure_subscriptions.leave(*mercure_stay_);
  }
}

bool Connection::start(int descriptor) {
  const auto tls = listening_.tls != nullptr ? listening_.tls->current() : nullptr;
  Result<net::Stream> stream = net::Stream::adopt(worker_.loop(), descriptor, *this, tls.get());
  if (!stream) {
    return false;
  }
  stream_.emplace(std::move(*stream));
  stream_->set_reading(true);
  now_ms_ = worker_.now_ms();
  peer_.address = stream_->peer();
  if (expects_proxy_header()) {
    dialogue_->proxy_header = std::make_unique<net::ProxyHeaderParser>();
  } else {
    take_address_place();
  }
  set_phase(Dialogue::Phase::kHead);
  return true;
}

void Connection::refuse(const Error& error) {
  if (dialogue_->parser.met_tls()) {
    worker_.access_log().misbegun(LogLevel::kInfo, error.detail,
                                  client_of(peer_, worker_.settings().options.proxies).text());
  }
  answer_and_close(problem_for(error));
}

// The body that is still coming cannot be skipped for sure: the connection ends after the answer.
void Connection::answer_and_close(const http::Response& response) {
  http::Request unread = dialogue_->parser.request();
  unread.keep_alive = false;
  if (unread.method == http::Method::kHead) {
    unread.method = http::Method::kGet;
  }
  answer(unread, response);
  flush();
}

void Connection::doom(CloseReason reason) {
  if (!std::exchange(is_doomed_, true)) {
    end_reason_ = end_reason_ == CloseReason::kDone ? reason : end_reason_;
    worker_.counts().closed[static_cast<size_t>(end_reason_)].add();
    log_stream_end(end_reason_);
    stream_->set_reading(false);
    timer_.cancel();
    worker_.reap_later(*this);
  }
}

void Connection::linger() {
  if (std::exchange(is_lingering_, true)) {
    return;
  }
  stream_->shutdown_write();
  stream_->set_reading(true);
  // What TLS has taken must get out first: the kernel cannot do that after the close.
  const int64_t most_ms =
      stream_->has_unsent() ? worker_.settings().options.stream.write_stall_ms : kLingerMs;
  worker_.wheel().set(timer_, worker_.now_ms() + most_ms);
}

void Connection::on_writable() {
  if (is_doomed_) {
    return;
  }
  if (subscriber_) {
    worker_.fanout().on_writable(*subscriber_);
    return;
  }
  now_ms_ = worker_.now_ms();
  flush();
  if (is_doomed_ || is_lingering_ || !dialogue_->out.empty()) {
    return;
  }
  set_phase(input_phase());
  if (dialogue_->is_held_back) {
    return;  // For the replies.
  }
  if (std::exchange(is_paused_, false)) {
    stream_->set_reading(true);
    const std::string waiting = std::exchange(dialogue_->waiting, {});
    take_input(waiting);
  }
}

void Connection::on_failed() {
  doom_failed();
}

// A peer that is gone without a word is found out by the kernel, which has stopped retrying.
void Connection::doom_failed() {
  doom(subscriber_ && stream_->has_timed_out() ? CloseReason::kStalled : CloseReason::kPeer);
}

Dialogue::Phase Connection::input_phase() const {
  if (!dialogue_->replies.empty()) {
    return Dialogue::Phase::kJournal;
  }
  if (dialogue_->parser.is_idle()) {
    return Dialogue::Phase::kIdle;
  }
  return dialogue_->parser.stage() == http::RequestParser::Stage::kBody ? Dialogue::Phase::kBody
                                                                        : Dialogue::Phase::kHead;
}

void Connection::stop_ingest(std::string_view why) {
  dialogue_->ingest->stop({.code = Errc::kOverloaded, .detail = std::string(why)});
  is_paused_ = false;
  on_lines({}, dialogue_->is_body_whole);
  flush();
}

void Connection::resume_ingest() {
  now_ms_ = worker_.now_ms();
  is_paused_ = false;
  const std::string waiting = std::exchange(dialogue_->waiting, {});
  if (on_lines(waiting, dialogue_->is_body_whole)) {
    take_input(waiting);
  }
  if (!is_paused_ && !is_doomed_) {
    stream_->set_reading(true);
  }
  if (dialogue_ && !is_doomed_ && !is_lingering_) {
    flush();
  }
}

void Connection::drain() {
  const bool is_due = worker_.services().ends_dialogues(listening_);
  if (!dialogue_ || !is_due || is_doomed_ || is_lingering_) {
    return;
  }
  now_ms_ = worker_.now_ms();
  if (dialogue_->ingest) {
    stop_ingest("draining");
    return;
  }
  // Who has only just connected is on the point of asking.
  const bool is_fresh =
      dialogue_->phase == Dialogue::Phase::kHead && now_ms_ - dialogue_->phase_since_ms < kFreshMs;
  if (dialogue_->parser.is_idle() && dialogue_->out.empty() && dialogue_->replies.empty() &&
      !is_fresh) {
    linger();
  }
}

void Connection::set_phase(Dialogue::Phase phase) {
  dialogue_->phase = phase;
  dialogue_->phase_since_ms = now_ms_;
  if (!is_lingering_ && !is_doomed_) {
    worker_.wheel().set(timer_, dialogue_->phase_since_ms + phase_limit_ms());
  }
}

int64_t Connection::phase_limit_ms() const {
  const Options& options = worker_.settings().options;
  switch (dialogue_->phase) {
    case Dialogue::Phase::kIdle:
      return options.limits.idle_time_ms;
    case Dialogue::Phase::kHead:
      // Who has no place is told with its first request, and should not keep one meanwhile.
      return has_no_place_ ? std::min(options.limits.head_time_ms, kFreshMs)
                           : options.limits.head_time_ms;
    case Dialogue::Phase::kBody:
      return options.limits.body_time_ms;
    case Dialogue::Phase::kJournal:
      return kJournalMs;
    case Dialogue::Phase::kAnswer:
      return options.stream.write_stall_ms;
  }
  return 0;
}

void Connection::on_deadline(int64_t now_ms) {
  now_ms_ = now_ms;
  if (is_lingering_) {
    doom(CloseReason::kDone);
    return;
  }
  if (subscriber_) {
    on_stream_deadline(now_ms);
    return;
  }
  const int64_t due_ms = dialogue_->phase_since_ms + phase_limit_ms();
  if (now_ms < due_ms) {
    worker_.wheel().set(timer_, due_ms);
    return;
  }
  if (dialogue_->ingest && is_paused_ && dialogue_->out.empty()) {
    stop_ingest("out of `memory` for limits.body_time");
    return;
  }
  const bool has_begun = !dialogue_->parser.is_idle();
  if (dialogue_->phase == Dialogue::Phase::kAnswer || !has_begun) {
    doom(dialogue_->phase == Dialogue::Phase::kIdle ? CloseReason::kIdle : CloseReason::kTimeout);
    return;
  }
  end_reason_ = CloseReason::kTimeout;
  refuse({.code = Errc::kTimeout,
          .detail = dialogue_->phase == Dialogue::Phase::kHead
                        ? "the head did not come within limits.head_time"
                        : "the body did not come within limits.body_time"});
}

}  // namespace ringcast::server
