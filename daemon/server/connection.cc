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

void Connection::on_readable() {
  for (int reads = 0; reads < kReadsPerEvent && !is_doomed_; ++reads) {
    size_t size = 0;
    switch (stream_->read(worker_.read_buffer(), size)) {
      case net::Stream::Read::kNothing:
        return;
      case net::Stream::Read::kFailed:
        doom_failed();
        return;
      case net::Stream::Read::kEnd:
        // Half-closed: what it asked for is answered; nothing more will come.
        stream_->set_reading(false);
        is_closing_ = true;
        if (!dialogue_ || (dialogue_->out.empty() && dialogue_->replies.empty())) {
          doom(CloseReason::kPeer);
        }
        return;
      case net::Stream::Read::kData:
        break;
    }
    if (dialogue_ && !is_lingering_ && !is_closing_) {
      take_input({worker_.read_buffer().data(), size});
    }
    if (subscriber_ || is_paused_ || size < worker_.read_buffer().size()) {
      return;  // There is no more. What a subscriber sends is dropped, a buffer at a time.
    }
  }
}

void Connection::take_input(std::string_view bytes) {
  now_ms_ = worker_.now_ms();
  if (dialogue_->proxy_header && !take_proxy_header(bytes)) {
    return;
  }
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
      if (has_to_wait()) {
        hold_back(bytes);
        return false;
      }
      goes_on = dialogue.ingest ? on_lines(bytes, true) : on_request();
      break;
  }
  return goes_on && !is_closing_;
}

bool Connection::on_request() {
  Dialogue& dialogue = *dialogue_;
  const http::Request& request = dialogue.parser.request();
  const Settings& settings = worker_.settings();
  judge_again(request);
  if (asks_for_stream(dialogue.route, request) &&
      (!dialogue.refusal || dialogue.refusal->status == http::status_of(Errc::kOverloaded))) {
    return subscribe(dialogue.parser.take());
  }
  if (dialogue.refusal) {
    answer(request, *std::exchange(dialogue.refusal, std::nullopt));
  } else if (request.method == http::Method::kOptions) {
    answer(request, options_response(request, allowed_methods(dialogue.route.endpoint),
                                     settings.options.cors_origins));
  } else if (request.method == http::Method::kPost || request.method == http::Method::kPut) {
    publish(request);
  } else if (is_mercure_document(dialogue.route.endpoint)) {
    answer(request, mercure_document(request));
  } else {
    const Services& services = worker_.services();
    auto response =
        services.admin({dialogue.route, request, dialogue.target, *dialogue.caller.identity(),
                        settings.options.limits, services.is_ready(), services.is_starting,
                        [&] { return defer(request); }});
    if (response) {
      answer(request, with_discovery(std::move(*response)));
    }
  }
  dialogue.parser.next();
  return true;
}

void Connection::publish(const http::Request& request) {
  Dialogue& dialogue = *dialogue_;
  Hub& hub = worker_.services().hub;
  dialogue.begun_us = hub.clock().steady_us();
  Result<std::vector<Draft>> drafts = read_drafts(request);
  if (!drafts) {
    answer(request, problem_for(drafts.error()));
    return;
  }
  if (const RateWait wait = rate_wait(drafts->size()); wait.ms > 0) {
    answer(request, too_many(wait));
    return;
  }
  if (hub.has_journal()) {
    submit(request, std::move(*drafts));
    return;
  }
  const PublishNoteRef note = note_publish(request, *drafts);
  const Result<Receipt> receipt = hub.publish(*drafts, publisher(), worker_.index(), dialogue.key);
  on_published(note, receipt);
  answer(request,
         receipt ? publish_response(*receipt, dialogue.kind) : problem_for(receipt.error()));
}

// Appends it to what goes out at the end of this read: the answers to pipelined requests leave in
// one write.
void Connection::answer(const http::Request& request, http::Response response) {
  const http::Framing framing = framing_of(request);
  for (auto& header : cors_headers(request, worker_.settings().options.cors_origins)) {
    response.headers.push_back(std::move(header));
  }
  if (response.status >= 400) {
    log_refusal(request, response);
  }
  worker_.counts().count_response(response.status);
  count_publish(std::exchange(dialogue_->begun_us, 0));
  dialogue_->is_identified = false;
  http::append_response(dialogue_->answer_room(), response, framing);
  is_closing_ = is_closing_ || !framing.keep_alive;
  set_phase(dialogue_->replies.empty() ? Dialogue::Phase::kIdle : Dialogue::Phase::kJournal);
}

void Connection::flush() {
  Dialogue& dialogue = *dialogue_;
  size_t taken = 0;
  if (!dialogue.out.empty()) {
    taken = stream_->write(std::array{std::string_view(dialogue.out)});
    dialogue.out.erase(0, taken);
    dialogue.recharge();
  }
  if (stream_->has_failed()) {
    doom(CloseReason::kPeer);
  } else if (!dialogue.out.empty()) {
    if (taken > 0 || dialogue.phase != Dialogue::Phase::kAnswer) {
      set_phase(Dialogue::Phase::kAnswer);  // Since it took something last.
    }
  } else if (is_closing_ && dialogue.replies.empty()) {
    linger();
  }
}

}  // namespace ringcast::server
