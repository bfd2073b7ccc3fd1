#include "webhooks/webhook.h"

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>
#include <utility>

#include "server/presence.h"
#include "sse/stream_parser.h"

namespace ringcast::webhooks {

namespace {

constexpr int64_t kReopenMs = 1000;
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// Of no other batch, and without the full stops that part what is signed.
std::string new_id(const Webhook::Random& random) {
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuv";
  std::string id = "msg_";
  for (const uint64_t part : std::array{random(), random()}) {
    for (unsigned shift = 0; shift < 60; shift += 5) {
      id += kDigits[part >> shift & 31U];
    }
  }
  return id;
}

}  // namespace

Webhook::Webhook(Target target, server::Hub& hub, server::Fanout& fanout, Log log, Random random)
    : target_(std::move(target)),
      hub_(hub),
      fanout_(fanout),
      log_(std::move(log)),
      random_(std::move(random)),
      resume_(hub_.last_position()) {
  gathering_.add_start(start_json(hub_.clock().unix_ms()));
}

Webhook::~Webhook() {
  close();
  hub_.budget().release(charged_);
}

void Webhook::apply(Target target) {
  const std::vector<std::string> before = subscription().patterns;
  const uint64_t most_bytes = target_.options.batch_bytes;
  const auto attempts = [](const Target& of) {
    return std::tie(of.options.url, of.options.retry_ms, of.options.retry_most_ms, of.keys);
  };
  if (attempts(target) != attempts(target_)) {
    backoff_.reset();
    hurry(hub_.clock().steady_ms());
  }
  target_ = std::move(target);
  if (subscription().patterns != before || target_.options.batch_bytes != most_bytes) {
    fanout_.refresh();  // So that what is new to it begins here.
    close();
    open_ms_ = 0;
  }
}

server::SubscriptionSpec Webhook::subscription() const {
  const Options& options = target_.options;
  server::SubscriptionSpec spec;
  if (options.sends_publish) {
    spec.patterns = options.topics;
  }
  if (options.sends_join || options.sends_leave) {
    for (const std::string& topic : options.topics) {
      spec.patterns.push_back(std::string(server::kPresencePrefix) + topic);
    }
  }
  spec.rendering = {.envelope = true, .max_data = options.batch_bytes};
  spec.sees_private = true;
  spec.start.last_event_id = resume_;
  return spec;
}

void Webhook::open(int64_t now_ms) {
  auto subscriber = std::make_unique<server::Subscriber>();
  if (!fanout_.open(*subscriber, *this, subscription(), {})) {
    open_ms_ = now_ms + kReopenMs;  // Out of memory: there may be some later.
    return;
  }
  subscriber_ = std::move(subscriber);
}

// Remembers its place: just before an event that had no room, else behind what it has.
void Webhook::close() {
  if (!subscriber_) {
    return;
  }
  const uint64_t cursor = subscriber_->reader.cursor;
  resume_ = hub_.position(subscriber_->is_at_tail     ? fanout_.visible()
                          : subscriber_->is_blocked() ? cursor - 1
                                                      : cursor);
  fanout_.close(*subscriber_);
  subscriber_.reset();
}

bool Webhook::turn(int64_t now_ms) {
  if (std::exchange(has_ended_, false)) {
    close();
    open_ms_ = now_ms + kReopenMs;
  }
  bool has_work = false;
  if (!subscriber_ && now_ms >= open_ms_) {
    open(now_ms);
    has_work = subscriber_ != nullptr;
  }
  return shift(now_ms) || has_work;
}

// What was gathered becomes the next to send, and makes room.
bool Webhook::shift(int64_t now_ms) {
  if (is_sending() || gathering_.empty()) {
    return false;
  }
  sending_ = std::exchange(gathering_, {});
  id_ = new_id(random_);
  body_ = sending_.take_body(target_.options.name, hub_.clock().unix_ms());
  first_attempt_ms_ = 0;
  attempt_ms_ = std::max(attempt_ms_, now_ms);
  const bool was_blocked = subscriber_ && subscriber_->is_blocked();
  if (was_blocked) {
    fanout_.on_writable(*subscriber_);
  }
  recharge();
  return was_blocked;
}

std::optional<Request> Webhook::next(int64_t now_ms) {
  if (!is_sending() || is_in_flight_ || now_ms < attempt_ms_) {
    return std::nullopt;
  }
  first_attempt_ms_ = first_attempt_ms_ == 0 ? now_ms : first_attempt_ms_;
  is_in_flight_ = true;
  const int64_t seconds = hub_.clock().unix_ms() / 1000;
  return Request{.url = target_.options.url,
                 .id = id_,
                 .timestamp = std::to_string(seconds),
                 .signature = sign(target_.keys, id_, seconds, body_),
                 .body = body_,
                 .timeout_ms = target_.options.timeout_ms};
}

void Webhook::delivered() {
  is_in_flight_ = false;
  counts_->requests.add();
  counts_->delivered.add(sending_.events());
  sending_ = {};
  body_.clear();
  attempt_ms_ = 0;
  backoff_.reset();
  recharge();
  if (counts_->is_failing.exchange(false)) {
    log_({LogLevel::kInfo, "the webhook works again", {{"webhook", name()}}, "webhooks"});
  }
}

void Webhook::failed(int64_t now_ms, std::string_view why) {
  is_in_flight_ = false;
  counts_->requests.add();
  counts_->failures.add();
  const Options& options = target_.options;
  int64_t wait_ms = backoff_.next(options.retry_ms, options.retry_most_ms, random_());
  const int64_t left_ms = first_attempt_ms_ + options.give_up_ms - now_ms;
  if (left_ms > 0) {
    wait_ms = std::min(wait_ms, left_ms);  // The last attempt is at the end of the time.
  }
  attempt_ms_ = now_ms + wait_ms;
  if (!counts_->is_failing.exchange(true)) {
    log_({LogLevel::kWarn,
          "the webhook fails: it is tried again and again",
          {{"webhook", name()}, {"error", std::string(why)}, {"retry_ms", std::to_string(wait_ms)}},
          "webhooks"});
  }
  if (left_ms <= 0) {
    log_({LogLevel::kError,
          "events for the webhook were given up",
          {{"webhook", name()},
           {"events", std::to_string(sending_.events())},
           {"error", std::string(why)}},
          "webhooks"});
    give_up();
  }
}

void Webhook::give_up() {
  counts_->lost.add(sending_.events());
  gathering_.begin_with_loss_of(sending_);
  sending_ = {};
  body_.clear();
  recharge();
}

int64_t Webhook::due_ms() const {
  const int64_t attempt = !is_sending() || is_in_flight_ ? kNever : attempt_ms_;
  return std::min(attempt, subscriber_ ? kNever : open_ms_);
}

bool Webhook::is_caught_up() const {
  return !is_behind() && !is_sending() && gathering_.empty();
}

// Whole blocks only. Only events have to wait for room: what a gap says must not be cut off from
// the place that it is told at.
size_t Webhook::write(std::span<const std::string_view> pieces) {
  constexpr std::string_view kEnd = "\n\n";
  size_t taken = 0;
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      const size_t size = std::min(piece.find(kEnd), piece.size() - kEnd.size()) + kEnd.size();
      if (!take(piece.substr(0, size))) {
        return taken;
      }
      taken += size;
      piece.remove_prefix(size);
    }
  }
  return taken;
}

bool Webhook::take(std::string_view block) {
  std::optional<Element> element;
  sse::StreamParser parser(std::numeric_limits<size_t>::max());
  (void)parser.feed(block, [&](sse::Block&& parsed) -> Status {
    element = element_of(parsed, reader_);
    return Ok{};
  });
  if (!element || !wants(element->kind)) {
    return true;
  }
  if (element->kind != Kind::kGap && !has_room_for(*element)) {
    return false;
  }
  gathering_.add(*element);
  recharge();
  counts_->lost.add(element->missed.value_or(0));
  return true;
}

bool Webhook::wants(Kind kind) const {
  return kind == Kind::kJoin    ? target_.options.sends_join
         : kind == Kind::kLeave ? target_.options.sends_leave
                                : true;
}

// Where memory is short it gathers no more than one event: the others are there already.
bool Webhook::has_room_for(const Element& element) const {
  const size_t size = element.json.size();
  return gathering_.events() == 0 || (gathering_.events() < target_.options.batch &&
                                      gathering_.bytes() + size <= target_.options.batch_bytes &&
                                      std::cmp_greater_equal(hub_.budget().left(), size));
}

void Webhook::recharge() {
  hub_.budget().release(charged_);
  charged_ = gathering_.bytes() + body_.size();
  hub_.budget().charge(charged_);
}

}  // namespace ringcast::webhooks
