// Requests that the journal has to answer: while they wait, publishes behind them on the same
// connection go on, and everything else waits for its turn.
#include <memory>
#include <utility>

#include "server/connection.h"
#include "server/worker.h"

namespace ringcast::server {

namespace {

// Publishes of one connection that wait at a time.
constexpr size_t kMostReplies = 64;

}  // namespace

http::Framing Connection::framing_of(const http::Request& request) const {
  return {.keep_alive = request.keep_alive && !worker_.services().ends_dialogues(listening_) &&
                        shed_reason().empty(),
          .http_1_0 = request.http_1_0,
          .head_only = request.method == http::Method::kHead};
}

// Its answer is made. Lines of NDJSON are published while the request still comes: they are not
// counted.
void Connection::count_publish(int64_t begun_us) {
  if (begun_us != 0) {
    const int64_t now_us = worker_.services().hub.clock().steady_us();
    worker_.counts().publishes.observe(now_us - begun_us);
  }
}

// Those that come later are held back until it is made, by reply().
uint64_t Connection::expect_reply(const http::Request& request) {
  Dialogue& dialogue = *dialogue_;
  const uint64_t reply_number = dialogue.first_reply + dialogue.replies.size();
  Dialogue::Reply& reply = dialogue.replies.emplace_back();
  reply.framing = framing_of(request);
  reply.cors = cors_headers(request, worker_.settings().options.cors_origins);
  reply.begun_us = std::exchange(dialogue.begun_us, 0);
  is_closing_ = is_closing_ || !reply.framing.keep_alive;
  dialogue.is_identified = false;
  set_phase(Dialogue::Phase::kJournal);
  return reply_number;
}

std::function<void(http::Response)> Connection::defer(const http::Request& request) {
  return [&worker = worker_, to = worker_.number_of(*this),
          reply_number = expect_reply(request)](http::Response response) {
    worker.deliver(to, [reply_number, response = std::move(response)](Connection& connection) {
      connection.reply(reply_number, response);
    });
    worker.wake();
  };
}

void Connection::submit(const http::Request& request, std::vector<Draft> drafts) {
  const PublishNoteRef note = note_publish(request, drafts);
  const uint64_t reply_number = expect_reply(request);
  Status submitted = worker_.services().hub.submit(
      drafts, publisher(), dialogue_->key,
      [&worker = worker_, to = worker_.number_of(*this), reply_number, kind = dialogue_->kind,
       note](const Result<Receipt>& receipt, const std::vector<Draft>& /*drafts*/) {
        worker.deliver(to, [reply_number, kind, note, receipt](Connection& connection) {
          connection.log_reply(note, receipt);
          connection.reply(reply_number, receipt ? publish_response(*receipt, kind)
                                                 : problem_for(receipt.error()));
        });
      });
  if (!submitted) {
    log_reply(note, Failure{submitted.error()});
    reply(reply_number, problem_for(submitted.error()));
  }
}

void Connection::reply(uint64_t reply_number, http::Response response) {
  Dialogue& dialogue = *dialogue_;
  now_ms_ = worker_.now_ms();
  Dialogue::Reply& reply = dialogue.replies[reply_number - dialogue.first_reply];
  for (auto& header : reply.cors) {
    response.headers.push_back(std::move(header));
  }
  worker_.counts().count_response(response.status);
  count_publish(reply.begun_us);
  http::append_response(reply.bytes, response, reply.framing);
  reply.is_made = true;
  while (!dialogue.replies.empty() && dialogue.replies.front().is_made) {
    dialogue.out += dialogue.replies.front().bytes;
    dialogue.replies.pop_front();
    ++dialogue.first_reply;
  }
  worker_.flush_later(*this);
}

// All that came in one turn leaves in one write, and what was held back goes on.
void Connection::flush_replies() {
  if (is_doomed_ || is_lingering_ || !dialogue_) {
    return;
  }
  if (dialogue_->replies.empty() && dialogue_->phase == Dialogue::Phase::kJournal) {
    set_phase(input_phase());
  }
  flush();
  if (is_doomed_ || is_lingering_ || !dialogue_->is_held_back || has_to_wait()) {
    return;
  }
  dialogue_->is_held_back = false;
  is_paused_ = false;
  stream_->set_reading(true);
  const std::string waiting = std::exchange(dialogue_->waiting, {});
  if (dialogue_->ingest ? on_lines(waiting, true) : on_request()) {
    take_input(waiting);
  } else if (dialogue_) {
    flush();
  }
}

// Only publishes overtake what waits: who asks for something else expects to see them done.
bool Connection::has_to_wait() const {
  const Dialogue& dialogue = *dialogue_;
  const http::Method method = dialogue.parser.request().method;
  const bool is_publish = method == http::Method::kPost || method == http::Method::kPut;
  return !dialogue.replies.empty() && (!is_publish || dialogue.replies.size() >= kMostReplies);
}

void Connection::hold_back(std::string_view rest) {
  dialogue_->waiting.assign(rest);
  dialogue_->is_held_back = true;
  is_paused_ = true;
  stream_->set_reading(false);
}

NdjsonIngest::Publish Connection::ingest_port() {
  Hub& hub = worker_.services().hub;
  if (!hub.has_journal()) {
    return [this, &hub](std::vector<Draft>& drafts) {
      if (rate_wait(drafts.size()).ms > 0) {
        return std::optional<Result<Receipt>>(fail(Errc::kBehind));  // Read later.
      }
      const PublishNoteRef note = note_publish(dialogue_->parser.request(), drafts);
      auto receipt = hub.publish(drafts, publisher(), worker_.index());
      give_rate_back(receipt ? 0 : drafts.size());  // It tries again.
      on_published(note, receipt);
      return std::optional(std::move(receipt));
    };
  }
  return [this, &hub](std::vector<Draft>& drafts) -> std::optional<Result<Receipt>> {
    if (rate_wait(drafts.size()).ms > 0) {
      return fail(Errc::kBehind);
    }
    Status submitted = hub.submit(
        drafts, publisher(), {},
        [&worker = worker_, to = worker_.number_of(*this),
         note = note_publish(dialogue_->parser.request(), drafts)](Result<Receipt> receipt,
                                                                   std::vector<Draft> back) {
          auto shared = std::make_shared<std::vector<Draft>>(std::move(back));
          worker.deliver(to, [receipt = std::move(receipt), note, shared](Connection& connection) {
            connection.on_published(note, receipt);
            connection.on_ingested(receipt, std::move(*shared));
          });
        });
    if (!submitted) {
      give_rate_back(drafts.size());
      return std::move(submitted).failure();
    }
    return std::nullopt;
  };
}

void Connection::on_ingested(Result<Receipt> receipt, std::vector<Draft> drafts) {
  if (!is_doomed_ && dialogue_ && dialogue_->ingest) {
    dialogue_->ingest->settle(std::move(receipt), std::move(drafts));
    now_ms_ = worker_.now_ms();
    set_phase(Dialogue::Phase::kBody);
    if (dialogue_->ingest->is_behind()) {
      worker_.resume_later(*this);
    } else {
      resume_ingest();
    }
  }
}

}  // namespace ringcast::server
