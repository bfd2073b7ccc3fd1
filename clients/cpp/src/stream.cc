#include "cpp/src/stream.h"

#include <algorithm>
#include <utility>

#include "cpp/src/endpoint.h"
#include "cpp/src/errors.h"

namespace ringcast::client {
namespace {

using std::chrono::steady_clock;

constexpr uint64_t kFirstRetryMs = 1'000;  // Until a stream says otherwise.
constexpr uint64_t kLongestWaitMs = 30'000;
constexpr std::string_view kGapType = "ringcast.gap";

std::string path_of(const SubscribeOptions& options) {
  Query query;
  for (const auto& topic : options.topics) {
    query.add("topic", topic);
  }
  if (!options.since.empty()) {
    query.add("since", options.since);
  }
  for (const auto& type : options.types) {
    query.add("event", type);
  }
  if (options.envelope) {
    query.add("envelope", "true");
  }
  if (options.max_data) {
    query.add("max_data", std::to_string(*options.max_data));
  }
  return "/events" + query.text();
}

}  // namespace

Error check(const SubscribeOptions& options) {
  if (options.topics.empty()) {
    return invalid("a subscription wants at least one topic");
  }
  return check_header_value("the last event id", options.last_event_id);
}

Stream::Stream(Session& session, SubscribeOptions options, SubscriptionHandlers handlers,
               std::function<void(const std::shared_ptr<Stream>&)> forget)
    : session_(session),
      options_(std::move(options)),
      handlers_(std::make_shared<const SubscriptionHandlers>(std::move(handlers))),
      forget_(std::move(forget)),
      path_(path_of(options_)),
      parser_(options_.max_event_bytes, options_.last_event_id),
      backoff_(kFirstRetryMs, kLongestWaitMs, random_bits) {}

void Stream::start() {
  session_.defer([weak = weak_from_this()] {
    const auto stream = weak.lock();
    if (!stream || !stream->is_alive()) {
      return;
    }
    if (const Error error = check(stream->options_)) {
      stream->end(error);
      return;
    }
    stream->retry_timer_ = stream->session_.make_timer([raw = stream.get()] { raw->connect(); });
    stream->idle_timer_ = stream->session_.make_timer([raw = stream.get()] { raw->on_idle(); });
    stream->connect();
  });
}

void Stream::connect() {
  const auto self = shared_from_this();
  change(State::kConnecting, {}, 0);
  if (!is_alive()) {
    return;
  }
  auto request = std::make_shared<HttpRequest>();
  request->path = path_;
  request->headers = {"Accept: text/event-stream", "Cache-Control: no-store"};
  if (!last_event_id().empty()) {
    request->headers.push_back("Last-Event-ID: " + last_event_id());
  }
  request->is_stream = true;
  is_open_ = false;
  call_ = session_.call(std::move(request), weak_from_this(), is_paused_);
  watch_idle();
}

void Stream::on_open() {
  is_open_ = true;
  give_up_.reset();
  backoff_.reset();
  parser_.begin();  // What was unfinished died with its connection.
  change(State::kOpen, {}, 0);
}

void Stream::on_bytes(std::string_view bytes) {
  if (!is_alive()) {
    return;
  }
  watch_idle();
  if (rest_.empty()) {
    read(bytes);
  } else {
    rest_ += bytes;
  }
}

void Stream::read(std::string_view bytes) {
  const size_t used = parser_.feed(bytes, *this);
  if (!is_alive()) {
    return;
  }
  if (parser_.is_too_large()) {
    end(make_error(Errc::kTooLarge, "the stream cannot be read: an event is over " +
                                        std::to_string(options_.max_event_bytes) + " bytes"));
    return;
  }
  rest_ = bytes.substr(used);
}

void Stream::on_event(Event event) {
  const auto handlers = handlers_;
  if (event.type == kGapType && handlers->on_gap) {
    Gap fallback;
    fallback.data = event.data;
    handlers->on_gap(read_gap(event.data).value_or(fallback));
  } else if (handlers->on_event) {
    handlers->on_event(std::move(event));
  }
}

void Stream::on_comment(std::string_view line) {
  const auto handlers = handlers_;
  if (handlers->on_comment) {
    handlers->on_comment(line);
  }
}

void Stream::pause() {
  if (is_alive() && !std::exchange(is_paused_, true)) {
    watch_idle();
    if (call_) {
      call_->pause();
    }
  }
}

void Stream::resume() {
  if (is_alive() && std::exchange(is_paused_, false)) {
    session_.defer([weak = weak_from_this()] {
      if (const auto stream = weak.lock()) {
        stream->go_on();
      }
    });
  }
}

// First what had come before, then what the connection brings.
void Stream::go_on() {
  if (!wants_more()) {
    return;
  }
  read(std::exchange(rest_, {}));
  if (!wants_more()) {
    return;
  }
  if (outcome_) {
    judge(*std::exchange(outcome_, std::nullopt));
  } else if (call_) {
    watch_idle();
    call_->resume();
  }
}

// While paused, silence is our own doing.
void Stream::watch_idle() {
  if (!idle_timer_ || options_.idle_timeout_ms == 0) {
    return;
  }
  if (is_paused_ || !call_) {
    idle_timer_->stop();
  } else {
    idle_timer_->start(options_.idle_timeout_ms);
  }
}

void Stream::on_idle() {
  const auto self = shared_from_this();
  on_done(make_error(Errc::kTimeout, "nothing came from the broker for " +
                                         std::to_string(options_.idle_timeout_ms) + " ms"));
}

void Stream::on_done(Result<Answer> answer) {
  if (!is_alive()) {
    return;
  }
  call_.reset();
  watch_idle();
  if (rest_.empty()) {
    judge(answer);
  } else {
    outcome_ = std::move(answer);
  }
}

// Decides after an attempt that ended.
void Stream::judge(const Result<Answer>& answer) {
  if (is_open_) {
    wait(answer ? Error{} : answer.error(), backoff_.next_ms());
    return;
  }
  if (!answer) {
    fail(answer.error());
    return;
  }
  if (answer->status < 200 || answer->status >= 300) {
    fail(refusal(*answer));
    return;
  }
  Error error = make_error(
      Errc::kNotAStream, "the answer is no event stream but " +
                             (answer->status == 200 ? "'" + answer->content_type + "'"
                                                    : "status " + std::to_string(answer->status)));
  error.status = answer->status;
  fail(std::move(error));
}

// Waits within the time that `retry_for_ms` allows; it counts from the first failure in a row.
void Stream::fail(Error error) {
  if (!error.is_transient) {
    end(error);
    return;
  }
  const auto now = steady_clock::now();
  const uint64_t wait_ms = std::max(backoff_.next_ms(), error.retry_after_ms.value_or(0));
  if (options_.retry_for_ms) {
    give_up_ = give_up_.value_or(later(now, *options_.retry_for_ms));
    if (later(now, wait_ms) > *give_up_) {
      end(error);
      return;
    }
  }
  wait(std::move(error), wait_ms);
}

void Stream::wait(Error error, uint64_t wait_ms) {
  retry_timer_->start(wait_ms);
  change(State::kWaiting, std::move(error), wait_ms);
}

// The last statement of what calls it: the handler may end everything.
void Stream::change(State state, Error error, uint64_t wait_ms) {
  state_ = state;
  const auto handlers = handlers_;
  if (handlers->on_state) {
    handlers->on_state({state, std::move(error), wait_ms});
  }
}

void Stream::end(const Error& error) {
  if (!is_alive()) {
    return;
  }
  const auto self = shared_from_this();
  let_go();
  change(State::kEnded, error, 0);
  const auto handlers = std::exchange(handlers_, nullptr);
  if (handlers && handlers->on_end) {
    handlers->on_end(error);
  }
}

void Stream::close() {
  handlers_.reset();
  if (is_alive()) {
    state_ = State::kEnded;
    let_go();
  }
}

// Nothing of the loop and the client is touched after this.
void Stream::let_go() {
  call_.reset();
  retry_timer_.reset();
  idle_timer_.reset();
  outcome_.reset();
  rest_.clear();
  std::exchange(forget_, nullptr)(shared_from_this());
}

}  // namespace ringcast::client
