// The life of a connection as a subscriber.
#include <algorithm>
#include <utility>

#include "server/connection.h"
#include "server/cors.h"
#include "server/mercure_handler.h"
#include "server/subscribe_handler.h"
#include "server/worker.h"
#include "sse/blocks.h"

namespace ringcast::server {

namespace {

// A subscriber that was not at the tail when its heartbeat was due is looked at again so soon.
constexpr int64_t kLookAgainMs = 1000;

}  // namespace

Headers Connection::stream_headers(const http::Request& request) const {
  Headers headers = cors_headers(request, worker_.settings().options.cors_origins);
  if (dialogue_->route.endpoint == Endpoint::kMercure) {
    expose_mercure_id(headers);
  }
  return headers;
}

// False when the connection has become a stream, or will end after this answer.
bool Connection::subscribe(const http::Request& request) {
  Dialogue& dialogue = *dialogue_;
  const Options& options = worker_.settings().options;
  if (std::exchange(dialogue.refusal, std::nullopt) || !worker_.services().is_ready()) {
    refuse_for_now(request,
                   shed_reason().empty() ? worker_.services().not_ready_reason() : shed_reason());
    return true;
  }
  const bool is_mercure = dialogue.route.endpoint == Endpoint::kMercure;
  Result<SubscriptionSpec> spec =
      is_mercure
          ? read_mercure_topics(request)
          : read_subscription(request, dialogue.target, dialogue.route, *dialogue.caller.identity(),
                              options.limits, worker_.services().hub.clock().unix_ms());
  if (!spec) {
    answer(request, problem_for(spec.error()));
    return true;
  }
  std::string head = dialogue.out + stream_head(stream_headers(request));
  if (request.method == http::Method::kHead) {
    worker_.counts().count_response(200);
    dialogue.out = std::move(head);
    is_closing_ = true;
    return true;
  }
  Result<StreamPlaces> places = find_stream_places();
  if (!places) {
    refuse_for_now(request, places.error().detail);
    return true;
  }
  if (!spec->id_header.empty()) {
    head.resize(head.size() - 2);  // That header and the end come when the place is known.
  }
  auto subscriber = std::make_unique<Subscriber>();
  if (Status opened = worker_.fanout().open(*subscriber, *this, *spec, std::move(head)); !opened) {
    refuse_for_now(request, opened.error().detail);
    return true;
  }
  log_subscribed(request, *spec);
  if (places->of_address) {
    address_place_ = std::move(places->of_address);
  }
  token_place_ = std::move(places->of_token);
  source_ = dialogue.caller.identity()->source;
  expires_unix_ms_ = dialogue.caller.identity()->expires_unix_ms;
  subscriber_ = std::move(subscriber);
  tell_presence(*spec, is_mercure);
  dialogue_.reset();  // A subscriber is its socket and its cursor.
  worker_.counts().subscriptions.add();
  worker_.counts().count_response(200);
  worker_.services().subscribers.fetch_add(1, std::memory_order_relaxed);
  stream_->bound_kernel_memory(options.stream.send_buffer_bytes,
                               static_cast<unsigned>(options.stream.write_stall_ms));
  set_stream_deadline();
  return false;
}

void Connection::tell_presence(const SubscriptionSpec& spec, bool is_mercure) {
  const std::vector<std::string>& named = worker_.settings().options.presence;
  if (auto topics = present_in(spec.patterns, named); !topics.empty()) {
    const std::string& who = dialogue_->caller.identity()->name;
    stay_ = worker_.services().presence.join(std::move(topics), who);
  }
  if (is_mercure) {
    join_mercure(spec);
  }
}

// "Later": an EventSource never comes back after a status other than 200, so it gets a stream that
// ends at once, with its own time to come back.
void Connection::refuse_for_now(const http::Request& request, std::string_view why) {
  const Options& options = worker_.settings().options;
  if (!wants_event_stream(request)) {
    answer(request, problem_for({.code = Errc::kOverloaded, .detail = std::string(why)}));
    return;
  }
  if (worker_.watch().wants_refusals()) {
    watch_refusal(access_subject(request),
                  problem_for({.code = Errc::kOverloaded, .detail = std::string(why)}));
  }
  worker_.counts().refused.add();
  worker_.counts().count_response(200);
  dialogue_->out += stream_head(stream_headers(request));
  if (request.method != http::Method::kHead) {
    const int64_t retry_ms = options.stream.retry_ms + worker_.jittered(options.stream.retry_ms);
    dialogue_->out += sse::end_block(static_cast<uint64_t>(retry_ms), why);
  }
  is_closing_ = true;
}

size_t Connection::write(std::span<const std::string_view> pieces) {
  const size_t taken = stream_->write(pieces);
  if (stream_->has_failed()) {
    doom_failed();
  }
  return taken;
}

void Connection::end() {
  if (subscriber_->is_lagged) {
    end_reason_ = CloseReason::kLagged;  // By its topic's policy.
  }
  if (!is_doomed_) {
    linger();
  }
}

void Connection::end_stream(int64_t retry_ms, std::string_view why, CloseReason reason) {
  end_reason_ = reason;
  worker_.fanout().end(*subscriber_, retry_ms, why);
}

void Connection::recount_presence() {
  if (is_open_stream()) {
    worker_.services().presence.recount(
        stay_, present_in(subscriber_->group->patterns, worker_.settings().options.presence),
        reader_ ? reader_->who : std::string());
  }
}

void Connection::check_source(const Settings& settings) {
  if (dialogue_) {
    dialogue_->is_outdated = true;
  }
  if (is_open_stream() && !settings.vouches_for(source_)) {
    end_with_token(reader_ ? "the token is not valid any more"
                           : "what is allowed without a token has changed");
  }
}

// The client comes back, and is told why it may not have more.
void Connection::end_with_token(std::string_view why) {
  if (is_open_stream()) {
    log_token_end(why);
    const int64_t retry_ms = worker_.settings().options.stream.retry_ms;
    end_stream(retry_ms + worker_.jittered(retry_ms), why, CloseReason::kToken);
  }
}

void Connection::on_stream_deadline(int64_t now_ms) {
  const StreamOptions& options = worker_.settings().options.stream;
  if (expires_unix_ms_ > 0 && worker_.services().hub.clock().unix_ms() >= expires_unix_ms_) {
    end_with_token("the token has expired");
  }
  if (subscriber_->is_blocked()) {
    if (now_ms - subscriber_->wrote_ms >= options.write_stall_ms) {
      doom(CloseReason::kStalled);
      return;
    }
  } else if (options.heartbeat_ms > 0 &&
             now_ms - subscriber_->wrote_ms >= options.heartbeat_ms * 4 / 5) {
    if (!worker_.fanout().heartbeat(*subscriber_)) {
      worker_.wheel().set(timer_, now_ms + kLookAgainMs);
      return;
    }
    worker_.counts().heartbeats.add();
  }
  set_stream_deadline();
}

// Looks again when the next heartbeat or stall can be due at the earliest; writes in between do not
// move the timer.
void Connection::set_stream_deadline() {
  const StreamOptions& options = worker_.settings().options.stream;
  const bool is_blocked = subscriber_->is_blocked();
  int64_t due = subscriber_->wrote_ms + options.write_stall_ms;
  if (options.heartbeat_ms > 0) {
    // Jittered, so that the streams that began together do not beat together.
    const int64_t heartbeat_due =
        subscriber_->wrote_ms + options.heartbeat_ms - worker_.jittered(options.heartbeat_ms / 5);
    due = is_blocked ? std::min(due, heartbeat_due) : heartbeat_due;
  }
  // A blocked one may be free by its heartbeat, or not.
  if (is_blocked || options.heartbeat_ms == 0) {
    due = std::max(due, worker_.now_ms() + kLookAgainMs);
  }
  if (expires_unix_ms_ > 0 && !subscriber_->is_ended) {
    const int64_t left_ms = expires_unix_ms_ - worker_.services().hub.clock().unix_ms();
    due = std::min(due, worker_.now_ms() + std::max<int64_t>(left_ms, 0));
  }
  worker_.wheel().set(timer_, due);
}

}  // namespace ringcast::server
