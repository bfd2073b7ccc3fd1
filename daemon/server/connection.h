#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/request_parser.h"
#include "http/response.h"
#include "http/target.h"
#include "net/proxy_protocol.h"
#include "net/stream.h"
#include "net/wheel.h"
#include "server/access_log.h"
#include "server/cors.h"
#include "server/fanout.h"
#include "server/identify.h"
#include "server/mercure_caller.h"
#include "server/ndjson_ingest.h"
#include "server/publish_handler.h"
#include "server/router.h"
#include "server/services.h"
#include "server/watch.h"

namespace ringcast::server {

class Worker;

// The answer to an error, with the headers that belong to it: Allow comes from the route.
[[nodiscard]] http::Response problem_for(const Error& error, Endpoint endpoint = Endpoint::kPage);

// How long a publish has to wait for a rate, and what it is over; 0: it need not.
struct RateWait {
  int64_t ms = 0;
  std::string_view why{};
};
// 429 with Retry-After.
[[nodiscard]] http::Response too_many(const RateWait& wait);

// What a connection needs as long as it speaks requests and answers; freed when it turns into a
// subscriber.
struct Dialogue {
  enum class Phase {
    kIdle,  // Between requests.
    kHead,
    kBody,
    kJournal,  // Waits for the disk.
    kAnswer    // The peer has not taken the answer yet.
  };
  // An answer that others have to wait for: they leave in the order of their requests.
  struct Reply {
    http::Framing framing;
    Headers cors;
    std::string bytes;
    int64_t begun_us = 0;
    bool is_made = false;  // Else the journal has not answered yet.
  };

  Dialogue(http::Limits limits, topics::Budget& memory) : parser(limits), budget(memory) {}
  Dialogue(const Dialogue&) = delete;
  Dialogue& operator=(const Dialogue&) = delete;
  ~Dialogue() { budget.release(charged); }
  // Answers that wait count in the memory budget.
  void recharge() {
    budget.release(charged);
    charged = out.size();
    budget.charge(charged);
  }

  // Where the next answer goes.
  std::string& answer_room() {
    if (replies.empty()) {
      return out;
    }
    replies.emplace_back().is_made = true;
    return replies.back().bytes;
  }

  std::unique_ptr<net::ProxyHeaderParser> proxy_header;  // What comes first, of a proxy.
  http::RequestParser parser;
  http::Target target;
  Route route;
  Client client;
  Caller caller;
  MercureCaller mercure_caller;
  bool is_identified = false;  // The caller is this request's, not the last one's.
  bool is_outdated = false;    // Other settings have come since its head was judged.
  std::string key;             // Of the whole request; empty: none.
  BodyKind kind = BodyKind::kData;
  std::optional<http::Response> refusal;  // Due when the request is complete.
  std::unique_ptr<NdjsonIngest> ingest;
  std::string out;            // Answers that the socket has not taken.
  std::deque<Reply> replies;  // Those that come after them.
  uint64_t first_reply = 0;   // The number of the front.
  std::string waiting;        // Input that came while reading was paused.
  Phase phase = Phase::kIdle;
  int64_t phase_since_ms = 0;
  int64_t begun_us = 0;  // When the publish that is being answered was whole, steady; 0: none is.
  bool is_body_whole = false;  // With NDJSON.
  bool is_held_back = false;   // The request has to wait for the replies before it.
  topics::Budget& budget;      // The hub's.
  size_t charged = 0;
};

// What the access log says of a publish once its outcome is known. None: nothing.
struct PublishNote {
  AccessSubject subject;
  TopicNames topics;
};
using PublishNoteRef = std::shared_ptr<const PublishNote>;

// Of limits for each client. Empty: it needs none.
struct StreamPlaces {
  Admission::Ticket of_address;
  Admission::Ticket of_token;
};

// One client: its socket and its dialogue or its subscription. Owned by its worker's table; nothing
// destroys it but the worker's reaping, after doom(). Worker's thread only.
class Connection final : public net::StreamEvents, public FrameSink {
 public:
  // `is_shed`: over limits.connections; it is told so, and closed.
  Connection(Worker& worker, const Listening& listening, bool is_shed);
  ~Connection() override;
  // Takes the descriptor over. False when it could not be put on the loop.
  bool start(int descriptor);

  // Marks it for reaping; it does nothing any more.
  void doom(CloseReason reason);
  [[nodiscard]] bool is_doomed() const noexcept { return is_doomed_; }
  [[nodiscard]] bool is_shed() const noexcept { return is_shed_; }
  // A deadline of the wheel has come.
  void on_deadline(int64_t now_ms);
  // The ingest that had to wait for memory tries again.
  void resume_ingest();
  [[nodiscard]] bool waits_for_memory() const noexcept {
    return !is_doomed_ && is_paused_ && dialogue_ && dialogue_->ingest;
  }
  // Other topics have their presence told.
  void recount_presence();
  // Ends a stream that nothing vouches for any more.
  void check_source(const Settings& settings);
  // The daemon ends, called again and again: a dialogue ends after its request. Streams are ended
  // one by one.
  void drain();
  // Ends the stream with its own retry time.
  void end_stream(int64_t retry_ms, std::string_view why, CloseReason reason);
  // A stream that has everything that is visible, or whose socket is full.
  [[nodiscard]] bool is_served() const noexcept {
    return subscriber_->is_at_tail || subscriber_->is_blocked();
  }
  // A stream that goes on.
  [[nodiscard]] bool is_open_stream() const noexcept {
    return subscriber_ && !is_doomed_ && !subscriber_->is_ended;
  }

  // Of an open stream.
  [[nodiscard]] const Subscriber& subscriber() const noexcept { return *subscriber_; }
  // Of an open stream: who it is, and what it has not got.
  [[nodiscard]] SlowReader describe_reader(int64_t now_ms) const;

  // net::StreamEvents
  void on_readable() override;
  void on_writable() override;
  void on_failed() override;
  // FrameSink
  size_t write(std::span<const std::string_view> pieces) override;
  void end() override;
  void told_gap(const sse::Gap& gap) override;

  // The answer to a deferred request.
  void reply(uint64_t number, http::Response response);
  // After the replies of this turn.
  void flush_replies();
  // What became of lines of NDJSON.
  void on_ingested(Result<Receipt> receipt, std::vector<Draft> drafts);

  // Position in its worker's table.
  size_t index = 0;
  // For Worker::deliver(); 0: nobody delivers anything.
  uint64_t number = 0;

 private:
  // connection.cc: from bytes to requests to answers.
  void take_input(std::string_view bytes);
  bool step(std::string_view& bytes);
  bool on_head();
  Status check_head(const http::Request& head);
  void judge_again(const http::Request& request);
  Status check_caller(const http::Request& head);
  Status check_publish(const http::Request& head);
  Result<std::vector<Draft>> read_drafts(const http::Request& request);
  bool on_lines(std::string_view rest, bool is_whole);
  bool on_request();
  void publish(const http::Request& request);
  void answer(const http::Request& request, http::Response response);
  void flush();

  // connection_limits.cc: who it is, and what that allows.
  [[nodiscard]] bool expects_proxy_header() const;
  bool take_proxy_header(std::string_view& bytes);
  void take_address_place();
  Result<StreamPlaces> find_stream_places();
  [[nodiscard]] std::string_view shed_reason() const;
  [[nodiscard]] Publisher publisher() const;
  void count(Limit limit);
  void count_refused(const Error& error);
  [[nodiscard]] RateWait rate_wait(uint64_t events);
  void give_rate_back(uint64_t events);

  // connection_replies.cc: what waits for the journal.
  uint64_t expect_reply(const http::Request& request);
  std::function<void(http::Response)> defer(const http::Request& request);
  void submit(const http::Request& request, std::vector<Draft> drafts);
  [[nodiscard]] bool has_to_wait() const;
  void hold_back(std::string_view rest);
  NdjsonIngest::Publish ingest_port();
  [[nodiscard]] http::Framing framing_of(const http::Request& request) const;
  void count_publish(int64_t begun_us);

  // connection_mercure.cc: the Mercure protocol.
  Status check_mercure_caller(const http::Request& head);
  Result<std::vector<Draft>> read_mercure_update(const http::Request& request,
                                                 std::string_view epoch) const;
  Result<SubscriptionSpec> read_mercure_topics(const http::Request& request);
  [[nodiscard]] http::Response mercure_document(const http::Request& request);
  void name_mercure_metadata(http::Response& refusal) const;
  [[nodiscard]] http::Response with_discovery(http::Response response) const;
  void join_mercure(const SubscriptionSpec& spec);

  // connection_stream.cc: the life as a subscriber.
  [[nodiscard]] Headers stream_headers(const http::Request& request) const;
  bool subscribe(const http::Request& request);
  void tell_presence(const SubscriptionSpec& spec, bool is_mercure);
  void refuse_for_now(const http::Request& request, std::string_view why);
  void on_stream_deadline(int64_t now_ms);
  void set_stream_deadline();
  void end_with_token(std::string_view why);

  // connection_access.cc: what the access log is told.
  [[nodiscard]] AccessSubject stream_subject() const;
  [[nodiscard]] AccessSubject access_subject(const http::Request& request) const;
  void log_refusal(const http::Request& request, const http::Response& response);
  void watch_refusal(const AccessSubject& subject, const http::Response& response);
  [[nodiscard]] PublishNoteRef note_publish(const http::Request& request,
                                            const std::vector<Draft>& drafts) const;
  void on_published(const PublishNoteRef& note, const Result<Receipt>& receipt);
  void log_reply(const PublishNoteRef& note, const Result<Receipt>& receipt);
  void log_subscribed(const http::Request& request, const SubscriptionSpec& spec);
  void log_stream_end(CloseReason reason);
  void log_token_end(std::string_view why);

  // connection_close.cc: refusals, deadlines and ends.
  void doom_failed();
  void refuse(const Error& error);
  void answer_and_close(const http::Response& response);
  void linger();
  void set_phase(Dialogue::Phase phase);
  [[nodiscard]] int64_t phase_limit_ms() const;
  [[nodiscard]] Dialogue::Phase input_phase() const;
  void stop_ingest(std::string_view why);

  Worker& worker_;
  const Listening& listening_;
  std::optional<net::Stream> stream_;
  net::Wheel::Timer timer_;
  std::unique_ptr<Dialogue> dialogue_;
  std::unique_ptr<Subscriber> subscriber_;
  std::unique_ptr<const AccessSubject> reader_;      // Of a stream that has a name.
  std::unique_ptr<Stay> stay_;                       // Of a stream whose presence is told.
  std::shared_ptr<const MercureStay> mercure_stay_;  // Of one whose subscriptions are told.
  Peer peer_;
  Admission::Ticket address_place_;
  Admission::Ticket token_place_;
  uint64_t source_ = 0;          // Of a stream: see auth::Identity, like the next.
  int64_t expires_unix_ms_ = 0;  // 0: never.
  int64_t now_ms_ = 0;  // When the loop called last: the clock is not read for each request.
  CloseReason end_reason_ = CloseReason::kDone;
  bool is_shed_;
  bool has_no_place_ = false;  // Of limits.connections_per_address.
  bool is_lingering_ = false;
  bool is_closing_ = false;  // After what is in `out`.
  bool is_paused_ = false;
  bool is_doomed_ = false;
};

}  // namespace ringcast::server
