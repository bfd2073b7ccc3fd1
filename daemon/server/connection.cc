#include "server/connection.h"

#include <array>
#include <utility>

#include "base/text.h"
#include "server/cors.h"
#include "server/subscribe_handler.h"
#include "server/worker.h"

namespace ringcast::server {

namespace {

// Pipelined answers that the peer does not take stop the reading at this size.
constexpr size_t kMostPendingOut = 256 << 10;
// Reads in one event, so that a fast publisher leaves the others their turn.
constexpr int kReadsPerEvent = 4;

}  // namespace

Connection::Connection(Worker& worker, bool is_local_listener, bool is_shed)
    : worker_(worker),
      timer_(this),
      is_local_listener_(is_local_listener),
      is_shed_(is_shed) {
  const Limits& limits = worker.settings().options.limits;
  dialogue_ = std::make_unique<Dialogue>(http::Limits{
      .max_head_bytes = limits.head_bytes, .max_body_bytes = limits.body_bytes});
}

Connection::~Connection() {
  if (subscriber_) {
    worker_.fanout().close(*subscriber_);
    worker_.services().subscribers.fetch_sub(1, std::memory_order_relaxed);
  }
}

bool Connection::start(int descriptor) {
  Result<net::Stream> stream = net::Stream::adopt(worker_.loop(), descriptor, *this);
  if (!stream) {
    return false;
  }
  stream_.emplace(std::move(*stream));
  stream_->set_reading(true);
  set_phase(Dialogue::Phase::kHead);
  return true;
}

void Connection::on_readable() {
  for (int reads = 0; reads < kReadsPerEvent && !is_doomed_; ++reads) {
    size_t size = 0;
    switch (stream_->read(worker_.read_buffer(), size)) {
      case net::Stream::Read::kNothing:
        return;
      case net::Stream::Read::kFailed:
        doom(CloseReason::kPeer);
        return;
      case net::Stream::Read::kEnd:
        // Half-closed: what it asked for is answered; nothing more will come.
        stream_->set_reading(false);
        is_closing_ = true;
        if (!dialogue_ || dialogue_->out.empty()) {
          doom(CloseReason::kPeer);
        }
        return;
      case net::Stream::Read::kData:
        break;
    }
    if (dialogue_ && !is_lingering_ && !is_closing_) {
      take_input({worker_.read_buffer().data(), size});
    }
    if (subscriber_ || is_paused_) {
      return;  // What a subscriber sends is dropped, a buffer at a time.
    }
  }
}

void Connection::take_input(std::string_view bytes) {
  while (step(bytes)) {
    if (dialogue_->out.size() > kMostPendingOut) {
      flush();
    }
    if (dialogue_->out.size() > kMostPendingOut) {
      dialogue_->waiting.assign(bytes);
      is_paused_ = true;
      stream_->set_reading(false);
      break;
    }
  }
  if (dialogue_) {
    flush();
  }
}

// One stage of the parser. False when the input is used up, or the connection goes another way.
bool Connection::step(std::string_view& bytes) {
  Dialogue& dialogue = *dialogue_;
  using Stage = http::RequestParser::Stage;
  if (bytes.empty() && dialogue.parser.stage() != Stage::kHeadDone) {
    return false;
  }
  const Result<size_t> used = dialogue.parser.feed(bytes);
  if (!used) {
    refuse(used.error());
    return false;
  }
  bytes.remove_prefix(*used);
  bool goes_on = true;
  switch (dialogue.parser.stage()) {
    case Stage::kHead:
      if (dialogue.phase == Dialogue::Phase::kIdle && !dialogue.parser.is_idle()) {
        set_phase(Dialogue::Phase::kHead);
      }
      break;
    case Stage::kHeadDone:
      goes_on = on_head();
      break;
    case Stage::kBody:
      goes_on = !dialogue.ingest || on_lines(bytes, false);
      break;
    case Stage::kComplete:
      goes_on = dialogue.ingest ? on_lines(bytes, true) : on_request();
      break;
  }
  return goes_on && !is_closing_;
}

// Looks at the head before any of the body is read. A refusal without a body to skip keeps the
// connection.
bool Connection::on_head() {
  worker_.counts().requests.add();
  const http::Request& head = dialogue_->parser.request();
  const Status checked = check_head(head);
  const bool is_publish = head.method == http::Method::kPost || head.method == http::Method::kPut;
  std::optional<http::Response> refusal;
  if (!checked) {
    refusal = problem_for(checked.error(), dialogue_->route.endpoint);
  } else if (is_shed_ || (is_publish && worker_.services().is_draining)) {
    refusal = problem_for({.code = Errc::kOverloaded,
                           .detail = is_shed_ ? "limits.connections are in use" : "draining"});
  }
  if (!head.has_body()) {
    dialogue_->refusal = std::move(refusal);
    return true;
  }
  if (refusal) {
    answer_and_close(std::move(*refusal));
    return false;
  }
  set_phase(Dialogue::Phase::kBody);
  if (!head.header("expect").empty() && !head.http_1_0) {
    dialogue_->out += "HTTP/1.1 100 Continue\r\n\r\n";
    flush();
  }
  return true;
}

Status Connection::check_head(const http::Request& head) {
  Dialogue& dialogue = *dialogue_;
  const Settings& settings = worker_.settings();
  dialogue.route = {};
  dialogue.grants = settings.auth.anonymous_on(is_local_listener_);
  Result<http::Target> target = http::parse_target(head.target);
  if (!target) {
    return std::move(target).failure();
  }
  dialogue.target = std::move(*target);
  Result<Route> route = find_route(dialogue.target, settings.options.page);
  if (!route) {
    return std::move(route).failure();
  }
  dialogue.route = std::move(*route);
  if (Status served = check_method(dialogue.route.endpoint, head.method); !served) {
    return served;
  }
  const std::string_view expect = head.header("expect");
  if (!expect.empty() && !equals_ignoring_case(expect, "100-continue")) {
    return fail(Errc::kExpectation, "only 100-continue can be expected", "Expect");
  }
  const bool is_publish = head.method == http::Method::kPost || head.method == http::Method::kPut;
  return is_publish ? check_publish(head) : Status(Ok{});
}

Status Connection::check_publish(const http::Request& head) {
  Dialogue& dialogue = *dialogue_;
  const std::string& epoch = worker_.services().hub.epoch();
  Result<BodyKind> kind = body_kind(head, dialogue.route);
  if (!kind) {
    return std::move(kind).failure();
  }
  dialogue.kind = *kind;
  const Limits& limits = worker_.settings().options.limits;
  if (*kind != BodyKind::kNdjson && head.content_length.value_or(0) > limits.body_bytes) {
    return fail(Errc::kTooLarge, "the body has " + std::to_string(*head.content_length) +
                                     " bytes; limits.body is " + std::to_string(limits.body_bytes));
  }
  if (Result<std::string> key = request_key(head, dialogue.route, *kind); !key) {
    return std::move(key).failure();
  }
  if (*kind == BodyKind::kNdjson) {
    dialogue.ingest = std::make_unique<NdjsonIngest>(dialogue.grants, epoch, limits.body_bytes);
    dialogue.parser.stream_body();
  }
  return check_publish_head(dialogue.target, dialogue.route, dialogue.grants, epoch);
}

// NDJSON: whole lines are published as they come. `rest`: what follows the part that was parsed.
bool Connection::on_lines(std::string_view rest, bool is_whole) {
  Dialogue& dialogue = *dialogue_;
  dialogue.ingest->feed(dialogue.parser.take_body());
  dialogue.is_body_whole = is_whole;
  if (is_whole) {
    dialogue.ingest->finish();
  }
  const uint64_t lines_before = dialogue.ingest->lines();
  switch (dialogue.ingest->advance(worker_.services().hub, worker_.json_reader(),
                                   worker_.index())) {
    case NdjsonIngest::State::kBehind:
      dialogue.waiting.assign(rest);
      is_paused_ = true;
      stream_->set_reading(false);
      worker_.resume_later(*this);
      return false;
    case NdjsonIngest::State::kMore:
      if (dialogue.ingest->lines() > lines_before) {
        set_phase(Dialogue::Phase::kBody);  // Only the silence between lines is bounded.
      }
      return true;
    case NdjsonIngest::State::kDone:
      break;
  }
  const http::Response response = dialogue.ingest->response();
  dialogue.ingest.reset();
  if (!is_whole) {
    answer_and_close(response);
    return false;
  }
  answer(dialogue.parser.take(), response);
  return true;
}

bool Connection::on_request() {
  Dialogue& dialogue = *dialogue_;
  const http::Request request = dialogue.parser.take();
  const Settings& settings = worker_.settings();
  const bool wants_stream =
      dialogue.route.endpoint == Endpoint::kEvents ||
      (dialogue.route.endpoint == Endpoint::kTopic && wants_event_stream(request));
  const bool is_read =
      request.method == http::Method::kGet || request.method == http::Method::kHead;
  if (is_read && wants_stream &&
      (!dialogue.refusal || dialogue.refusal->status == http::status_of(Errc::kOverloaded))) {
    return subscribe(request);
  }
  if (dialogue.refusal) {
    answer(request, *std::exchange(dialogue.refusal, std::nullopt));
  } else if (request.method == http::Method::kOptions) {
    answer(request, options_response(request, allowed_methods(dialogue.route.endpoint),
                                     settings.options.cors_origins));
  } else if (request.method == http::Method::kPost || request.method == http::Method::kPut) {
    publish(request);
  } else {
    answer(request, worker_.services().admin({dialogue.route, request, dialogue.target,
                                              dialogue.grants, settings.options.limits,
                                              !worker_.services().is_draining}));
  }
  return true;
}

void Connection::publish(const http::Request& request) {
  Dialogue& dialogue = *dialogue_;
  Hub& hub = worker_.services().hub;
  Result<std::vector<Draft>> drafts =
      read_publish(request, dialogue.target, dialogue.route, dialogue.kind, dialogue.grants,
                   hub.epoch(), worker_.json_reader());
  if (!drafts) {
    answer(request, problem_for(drafts.error()));
    return;
  }
  const Result<std::string> key = request_key(request, dialogue.route, dialogue.kind);
  const Result<Receipt> receipt = hub.publish(*drafts, {}, worker_.index(), *key);
  answer(request, receipt ? publish_response(*receipt, dialogue.kind)
                          : problem_for(receipt.error()));
}

// Appends it to what goes out at the end of this read: the answers to pipelined requests leave in
// one write.
void Connection::answer(const http::Request& request, http::Response response) {
  const bool keep_alive = request.keep_alive && !worker_.services().is_draining && !is_shed_;
  for (auto& header : cors_headers(request, worker_.settings().options.cors_origins)) {
    response.headers.push_back(std::move(header));
  }
  if (response.status >= 400) {
    worker_.counts().refused.add();
  }
  http::append_response(dialogue_->out, response,
                        {.keep_alive = keep_alive,
                         .http_1_0 = request.http_1_0,
                         .head_only = request.method == http::Method::kHead});
  is_closing_ = is_closing_ || !keep_alive;
  set_phase(Dialogue::Phase::kIdle);
}

void Connection::flush() {
  Dialogue& dialogue = *dialogue_;
  if (!dialogue.out.empty()) {
    dialogue.out.erase(0, stream_->write(std::array{std::string_view(dialogue.out)}));
  }
  if (stream_->has_failed()) {
    doom(CloseReason::kPeer);
  } else if (!dialogue.out.empty()) {
    set_phase(Dialogue::Phase::kAnswer);
  } else if (is_closing_) {
    linger();
  }
}

}  // namespace ringcast::server
