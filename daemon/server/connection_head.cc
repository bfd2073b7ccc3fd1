// What is decided of a request before its body, and NDJSON bodies, which are published as they
// come.
#include <utility>

#include "base/text.h"
#include "server/connection.h"
#include "server/worker.h"

namespace ringcast::server {

namespace {

// Answered on connections beyond the limits as well: who watches the broker must see that it is
// full, and not take it for dead.
bool is_watching(Endpoint endpoint) {
  return endpoint == Endpoint::kHealth || endpoint == Endpoint::kReady ||
         endpoint == Endpoint::kMetrics;
}

}  // namespace

// Looks at the head before any of the body is read. A refusal without a body to skip keeps the
// connection.
bool Connection::on_head() {
  worker_.counts().requests.add();
  dialogue_->is_outdated = false;
  const http::Request& head = dialogue_->parser.request();
  const Status checked = check_head(head);
  const bool is_publish = head.method == http::Method::kPost || head.method == http::Method::kPut;
  std::optional<http::Response> refusal;
  if (!checked) {
    refusal = problem_for(checked.error(), dialogue_->route.endpoint);
    name_mercure_metadata(*refusal);
  } else if ((!shed_reason().empty() && !is_watching(dialogue_->route.endpoint)) ||
             (is_publish && !worker_.services().takes_publishes(listening_))) {
    refusal = problem_for(
        {.code = Errc::kOverloaded,
         .detail = std::string(shed_reason().empty() ? worker_.services().not_ready_reason()
                                                     : shed_reason())});
  }
  if (!head.has_body()) {
    dialogue_->refusal = std::move(refusal);
    return true;
  }
  if (refusal) {
    answer_and_close(*refusal);
    return false;
  }
  set_phase(Dialogue::Phase::kBody);
  if (!head.header("expect").empty() && !head.http_1_0) {
    dialogue_->answer_room() += "HTTP/1.1 100 Continue\r\n\r\n";
    flush();
  }
  return true;
}

Status Connection::check_head(const http::Request& head) {
  Dialogue& dialogue = *dialogue_;
  const Settings& settings = worker_.settings();
  dialogue.route = {};
  dialogue.is_identified = false;
  Result<http::Target> target = http::parse_target(head.target);
  if (!target) {
    return std::move(target).failure();
  }
  dialogue.target = std::move(*target);
  const mercure::Options& mercure = settings.options.mercure;
  Result<Route> route =
      find_route(dialogue.target,
                 {.page = settings.options.page,
                  .dashboard = settings.options.dashboard,
                  .mercure = settings.mercure != nullptr ? std::string_view(mercure.path) : "",
                  .mercure_subscriptions = mercure.subscriptions,
                  .mercure_metadata = !mercure.resource.empty()});
  if (!route) {
    return std::move(route).failure();
  }
  dialogue.route = std::move(*route);
  if (Status served = check_method(dialogue.route.endpoint, head.method); !served) {
    return served;
  }
  if (Status known = check_caller(head); !known) {
    return known;
  }
  dialogue.is_identified = true;
  const std::string_view expect = head.header("expect");
  if (!expect.empty() && !equals_ignoring_case(expect, "100-continue")) {
    return fail(Errc::kExpectation, "only 100-continue can be expected", "Expect");
  }
  const bool is_publish = head.method == http::Method::kPost || head.method == http::Method::kPut;
  return is_publish ? check_publish(head) : Status(Ok{});
}

// Before anything is done: the body may have taken its time, or the journal with what came before
// it. Meanwhile the token may have expired, or been taken back.
void Connection::judge_again(const http::Request& request) {
  Dialogue& dialogue = *dialogue_;
  if (dialogue.refusal) {
    return;
  }
  Status valid = std::exchange(dialogue.is_outdated, false) ? check_head(request) : Status(Ok{});
  if (valid) {
    valid = dialogue.caller.check_expiry(worker_.services().hub.clock().unix_ms());
  }
  if (!valid) {
    dialogue.refusal = problem_for(valid.error(), dialogue.route.endpoint);
    name_mercure_metadata(*dialogue.refusal);
  }
}

// Whether the listener is for this, and who asks. What says nothing asks for nothing.
Status Connection::check_caller(const http::Request& head) {
  Dialogue& dialogue = *dialogue_;
  const Endpoint endpoint = dialogue.route.endpoint;
  const Settings& settings = worker_.settings();
  const bool is_health = endpoint == Endpoint::kHealth || endpoint == Endpoint::kReady;
  const bool is_admins =
      listening_.serves_admin &&
      (is_administrative(endpoint, head) || reads_broker(dialogue.route, head, dialogue.target));
  const bool is_served =
      is_admins || (listening_.serves_public && !is_administrative(endpoint, head));
  if (!is_served && !is_health) {
    return fail(Errc::kNotFound, "this listener does not serve that");
  }
  dialogue.client = client_of(peer_, settings.options.proxies, head);
  if (is_health || endpoint == Endpoint::kPage || endpoint == Endpoint::kDashboard ||
      endpoint == Endpoint::kMercureMetadata || head.method == http::Method::kOptions) {
    dialogue.caller.be_nobody(*settings.auth);
    return Ok{};
  }
  if (endpoint == Endpoint::kMercure || endpoint == Endpoint::kMercureSubscriptions) {
    return check_mercure_caller(head);
  }
  return dialogue.caller.identify(head, dialogue.target, dialogue.client, listening_, settings,
                                  worker_.services().hub.clock().unix_ms());
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
  Result<std::string> key =
      request_key(head, dialogue.route, *kind, dialogue.caller.identity()->name);
  if (!key) {
    return std::move(key).failure();
  }
  dialogue.key = std::move(*key);
  if (*kind == BodyKind::kNdjson) {
    dialogue.ingest =
        std::make_unique<NdjsonIngest>(dialogue.caller.identity(), epoch, limits.body_bytes);
    dialogue.parser.stream_body();
  }
  return check_publish_head(dialogue.target, dialogue.route, *dialogue.caller.identity(), epoch,
                            worker_.settings().own_topics());
}

Result<std::vector<Draft>> Connection::read_drafts(const http::Request& request) {
  const Dialogue& dialogue = *dialogue_;
  const std::string& epoch = worker_.services().hub.epoch();
  if (dialogue.kind == BodyKind::kForm) {
    return read_mercure_update(request, epoch);
  }
  return read_publish(request, dialogue.target, dialogue.route, dialogue.kind,
                      *dialogue.caller.identity(), epoch, worker_.json_reader(),
                      worker_.settings().own_topics());
}

// NDJSON: whole lines are published as they come. `rest`: what follows the part that was parsed.
bool Connection::on_lines(std::string_view rest, bool is_whole) {
  Dialogue& dialogue = *dialogue_;
  if (const Status valid = dialogue.caller.check_still_valid(
          worker_.settings(), worker_.services().hub.clock().unix_ms());
      !valid) {
    dialogue.ingest->stop(valid.error());
  }
  dialogue.ingest->feed(dialogue.parser.take_body());
  dialogue.is_body_whole = is_whole;
  if (is_whole) {
    dialogue.ingest->finish();
  }
  const uint64_t lines_before = dialogue.ingest->lines();
  switch (dialogue.ingest->advance(ingest_port(), worker_.json_reader(),
                                   worker_.settings().own_topics())) {
    case NdjsonIngest::State::kWaiting:
      dialogue.waiting.assign(rest);
      is_paused_ = true;
      stream_->set_reading(false);
      set_phase(Dialogue::Phase::kJournal);
      return false;
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

}  // namespace ringcast::server
