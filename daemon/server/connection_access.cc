// What the access log is told of a connection: see access_log.h.
#include <array>
#include <utility>

#include "server/connection.h"
#include "server/subscribe_handler.h"
#include "server/worker.h"

namespace ringcast::server {

namespace {

// In the order of CloseReason.
constexpr std::array<std::string_view, kCloseReasons> kReasons = {
    "closed by the peer",
    "done",
    "idle",
    "too slow",
    "took nothing for stream.write_stall",
    "its topic disconnects laggards",
    "draining",
    "limits.connections",
    "its token"};

TopicNames subscribed_topics(const Group& group) {
  return topic_names(group.patterns, group.matchers);
}

}  // namespace

std::string_view presence_reason(CloseReason reason) {
  switch (reason) {
    case CloseReason::kStalled:
    case CloseReason::kTimeout:
      return "timeout";
    case CloseReason::kLagged:
      return "slow";
    case CloseReason::kDrain:
      return "drain";
    case CloseReason::kToken:
      return "auth";
    case CloseReason::kPeer:
    case CloseReason::kDone:
    case CloseReason::kIdle:
    case CloseReason::kOverload:
      return "closed";
  }
  return "closed";
}

AccessSubject Connection::access_subject(const http::Request& request) const {
  const auth::IdentityRef& identity = dialogue_->caller.identity();
  return {.who = dialogue_->is_identified ? identity->name : std::string(),
          .client = dialogue_->client.text(),
          .method = request.method,
          .target = request.target};
}

void Connection::log_refusal(const http::Request& request, const http::Response& response) {
  if (worker_.access_log().wants_refusal(response.status)) {
    worker_.access_log().refused(access_subject(request), response);
  }
  if (worker_.watch().wants_refusals()) {
    watch_refusal(access_subject(request), response);
  }
}

void Connection::watch_refusal(const AccessSubject& subject, const http::Response& response) {
  worker_.watch().note_refusal([&] {
    const std::string_view method = http::name_of(subject.method);
    return RefusalNotice{.unix_ms = worker_.services().hub.clock().unix_ms(),
                         .status = response.status,
                         .who = shortened(subject.who),
                         .client = subject.client,
                         .method = std::string(method.empty() ? "other" : method),
                         .path = path_for_log(subject.target),
                         .reason = worker_.access_log().reason_of(response)};
  });
}

void Connection::told_gap(const sse::Gap& gap) {
  if (worker_.watch().wants_gaps()) {
    worker_.watch().note_gap([&] {
      const AccessSubject subject = stream_subject();
      return GapNotice{.unix_ms = worker_.services().hub.clock().unix_ms(),
                       .gap = gap,
                       .who = shortened(subject.who),
                       .client = subject.client,
                       .topics = subscribed_topics(*subscriber_->group)};
    });
  }
}

SlowReader Connection::describe_reader(int64_t now_ms) const {
  using State = SlowReader::State;
  const Subscriber& reader = *subscriber_;
  const AccessSubject subject = stream_subject();
  const Hub::Backlog backlog = worker_.services().hub.backlog(*reader.group, reader.reader.cursor);
  return {.state = reader.is_blocked() ? State::kBlocked
                   : reader.is_waiting ? State::kOnDisk
                   : reader.is_live    ? State::kServed
                                       : State::kReplaying,
          .lag_ms = backlog.lag_ms,
          .stalled_ms = reader.is_blocked() ? std::max<int64_t>(now_ms - reader.wrote_ms, 0) : 0,
          .events = backlog.events,
          .has_more = backlog.has_more,
          .is_lapped = backlog.is_lapped,
          .late_topic = backlog.late_topic,
          .who = shortened(subject.who),
          .client = subject.client,
          .topics = subscribed_topics(*reader.group)};
}

PublishNoteRef Connection::note_publish(const http::Request& request,
                                        const std::vector<Draft>& drafts) const {
  const AccessLog& log = worker_.access_log();
  // Without a journal the answer is made, and logged, at once.
  const bool is_late = worker_.services().hub.has_journal();
  const bool is_watched = log.wants_refusals() || worker_.watch().wants_refusals();
  if (!log.wants_all() && !(is_late && is_watched)) {
    return nullptr;
  }
  return std::make_shared<const PublishNote>(
      PublishNote{access_subject(request), log.wants_all() ? topic_names(drafts) : TopicNames{}});
}

void Connection::on_published(const PublishNoteRef& note, const Result<Receipt>& receipt) {
  if (!receipt) {
    count_refused(receipt.error());
  }
  if (note && receipt && worker_.access_log().wants_all()) {
    worker_.access_log().published(note->subject, note->topics, *receipt);
  }
}

void Connection::log_reply(const PublishNoteRef& note, const Result<Receipt>& receipt) {
  on_published(note, receipt);
  if (!note || receipt) {
    return;
  }
  if (worker_.access_log().wants_refusal(http::status_of(receipt.error().code))) {
    worker_.access_log().refused(note->subject, http::problem(receipt.error()));
  }
  if (worker_.watch().wants_refusals()) {
    watch_refusal(note->subject, http::problem(receipt.error()));
  }
}

void Connection::log_subscribed(const http::Request& request, const SubscriptionSpec& spec) {
  const std::string& name = dialogue_->caller.identity()->name;
  if (!name.empty()) {
    reader_ = std::make_unique<const AccessSubject>(
        AccessSubject{.who = name, .client = dialogue_->client.text()});
  }
  if (worker_.access_log().wants_all()) {
    worker_.access_log().subscribed(access_subject(request),
                                    topic_names(spec.patterns, spec.matchers),
                                    !last_event_id(request, dialogue_->target).empty());
  }
}

// Of nobody's streams, no more than their peers is kept: they are many.
AccessSubject Connection::stream_subject() const {
  return reader_
             ? *reader_
             : AccessSubject{.client = client_of(peer_, worker_.settings().options.proxies).text()};
}

void Connection::log_stream_end(CloseReason reason) {
  // One that ends for its token was told of when that was seen.
  if (subscriber_ && reason != CloseReason::kToken && worker_.access_log().wants_all()) {
    worker_.access_log().stream_ended(stream_subject(), kReasons[static_cast<size_t>(reason)]);
  }
}

void Connection::log_token_end(std::string_view why) {
  if (worker_.access_log().wants_refusals()) {
    worker_.access_log().stream_ended(stream_subject(), why);
  }
}

}  // namespace ringcast::server
