#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "server/subscribe_handler.h"
#include "support/identities.h"

namespace ringcast::server::server_subscribe_handler_test {
namespace {

using Names = std::vector<std::string>;

constexpr int64_t kNow = 1'700'000'000'000;

// A request as it comes: "/events?topic=a" and perhaps a Last-Event-ID.
struct Ask {
  explicit Ask(const std::string& text, const std::string& header_id = "") {
    request.target = text;
    if (!header_id.empty()) {
      request.headers.emplace_back("Last-Event-ID", header_id);
    }
    target = *http::parse_target(text);
  }

  [[nodiscard]] Result<SubscriptionSpec> read(
      const auth::Grants& grants = auth::Grants::everything()) const {
    const Result<Route> route = find_route(target, {});
    REQUIRE(route);
    return read_subscription(request, target, *route, test::nobody(grants), limits, kNow);
  }
  [[nodiscard]] Error error(const auth::Grants& grants = auth::Grants::everything()) const {
    const Result<SubscriptionSpec> spec = read(grants);
    REQUIRE_FALSE(spec);
    return spec.error();
  }

  http::Request request;
  http::Target target;
  Limits limits;
};

SubscriptionSpec spec_of(const std::string& text, const std::string& header_id = "") {
  Result<SubscriptionSpec> spec = Ask(text, header_id).read();
  REQUIRE(spec);
  return std::move(*spec);
}

std::string many_topics(size_t count) {
  std::string text = "/events?topic=t0";
  for (size_t index = 1; index < count; ++index) {
    text += "&topic=t" + std::to_string(index);
  }
  return text;
}

TEST_CASE("server: a subscription has its defaults") {
  const SubscriptionSpec spec = spec_of("/events?topic=a");
  CHECK(spec.patterns == Names{"a"});
  CHECK(spec.types.empty());
  CHECK(spec.rendering == Rendering{});
  CHECK_FALSE(spec.padding);
  CHECK(spec.start.last_event_id.empty());
  CHECK(spec.start.since.kind == topics::Since::Kind::kLatest);
}

TEST_CASE("server: topics of a subscription are sorted and each counted once") {
  CHECK(spec_of("/events?topic=b&topic=a&topic=b&topic=a/**").patterns == Names{"a", "a/**", "b"});
}

TEST_CASE("server: topics in a query are decoded, a plus is a space") {
  CHECK(spec_of("/events?topic=a%2Fb&topic=c+d").patterns == Names{"a/b", "c d"});
}

TEST_CASE("server: a subscription names at least one topic") {
  for (const char* text : {"/events", "/events?since=latest", "/events?Topic=a"}) {
    CAPTURE(text);
    const Error error = Ask(text).error();
    CHECK(error.code == Errc::kInvalid);
    CHECK(error.field == "topic");
  }
}

TEST_CASE("server: a subscription has at most limits.topics_per_subscription topics") {
  CHECK(spec_of(many_topics(99)).patterns.size() == 99);
  CHECK(spec_of(many_topics(100)).patterns.size() == 100);
  const Error error = Ask(many_topics(101)).error();
  CHECK(error.code == Errc::kInvalid);
  CHECK(error.field == "topic");
  CHECK(error.detail.find("101") != std::string::npos);
  Ask few("/events?topic=a&topic=b");
  few.limits.topics_per_subscription = 1;
  CHECK(few.error().code == Errc::kInvalid);
}

TEST_CASE("server: one bad topic or pattern refuses the subscription") {
  for (const char* bad : {"", "a*b", "**/a", "a%00", "%FF"}) {
    CAPTURE(bad);
    CHECK(Ask(std::string("/events?topic=good&topic=") + bad).error().code == Errc::kInvalid);
  }
}

TEST_CASE("server: the path form takes one exact topic and no pattern") {
  CHECK(spec_of("/topics/a/b?topic=c").patterns == Names{"a/b"});
  CHECK(spec_of("/topics/a%2Fb").patterns == Names{"a/b"});
  CHECK(Ask("/topics/a/*").error().code == Errc::kInvalid);
  CHECK(Ask("/topics/").error().code == Errc::kInvalid);
}

TEST_CASE("server: a pattern must be granted as a whole") {
  const auth::Grants grants{.publish = {}, .subscribe = {"news/**", "a/*"}, .admin = {}};
  for (const char* text : {"/events?topic=news", "/events?topic=news/*&topic=a/b", "/topics/a/b"}) {
    CAPTURE(text);
    CHECK(Ask(text).read(grants));
  }
  for (const char* text : {"/events?topic=**", "/events?topic=news&topic=b", "/events?topic=a/**",
                           "/topics/b", "/events?topic=$sys/a"}) {
    CAPTURE(text);
    const Error error = Ask(text).error(grants);
    CHECK(error.code == Errc::kUnauthorized);
    CHECK(error.field == "topic");
  }
}

TEST_CASE("server: event types of a subscription are sorted, each once, and bounded") {
  CHECK(spec_of("/events?topic=a&event=y&event=x&event=y").types == Names{"x", "y"});
  std::string text = "/events?topic=a";
  for (int index = 0; index < 100; ++index) {
    text += "&event=e" + std::to_string(index);
  }
  CHECK(spec_of(text).types.size() == 100);
  const Error error = Ask(text + "&event=more").error();
  CHECK(error.code == Errc::kInvalid);
  CHECK(error.field == "event");
}

TEST_CASE("server: flags of a subscription are true, false or just there") {
  for (const auto& [value, expected] : {std::pair{"=true", true}, std::pair{"", true},
                                        std::pair{"=", true}, std::pair{"=false", false}}) {
    CAPTURE(value);
    CHECK(spec_of(std::string("/events?topic=a&envelope") + value).rendering.envelope == expected);
    CHECK(spec_of(std::string("/events?topic=a&padding") + value).padding == expected);
  }
  for (const char* flag : {"envelope", "padding"}) {
    for (const char* value : {"1", "yes", "TRUE"}) {
      const Error error = Ask(std::string("/events?topic=a&") + flag + "=" + value).error();
      CHECK(error.code == Errc::kInvalid);
      CHECK(error.field == flag);
    }
  }
}

TEST_CASE("server: max_data is a number of bytes") {
  CHECK(spec_of("/events?topic=a&max_data=0").rendering.max_data == 0U);
  CHECK(spec_of("/events?topic=a&max_data=512").rendering.max_data == 512U);
  for (const char* value : {"", "-1", "1k", "1.5", "99999999999999999999"}) {
    CAPTURE(value);
    const Error error = Ask(std::string("/events?topic=a&max_data=") + value).error();
    CHECK(error.code == Errc::kInvalid);
    CHECK(error.field == "max_data");
  }
}

TEST_CASE("server: the header Last-Event-ID wins over the query") {
  CHECK(spec_of("/events?topic=a&last_event_id=q", "h").start.last_event_id == "h");
  CHECK(spec_of("/events?topic=a&last_event_id=q").start.last_event_id == "q");
}

TEST_CASE("server: an empty Last-Event-ID is none") {
  Ask ask("/events?topic=a&last_event_id=&lastEventId=q");
  ask.request.headers.emplace_back("Last-Event-ID", "");
  CHECK(last_event_id(ask.request, ask.target) == "q");
}

TEST_CASE("server: every spelling of the id in the query is understood, in this order") {
  const Names spellings = {"last_event_id", "lastEventId", "lastEventID", "last-event-id"};
  std::string all = "/events?topic=a";
  for (auto name = spellings.rbegin(); name != spellings.rend(); ++name) {
    CAPTURE(*name);
    CHECK(spec_of("/events?topic=a&" + *name + "=x").start.last_event_id == "x");
    all += "&" + *name + "=" + *name;
    CHECK(spec_of(all).start.last_event_id == *name);
  }
  CHECK(spec_of("/events?topic=a&LASTEVENTID=x").start.last_event_id.empty());
}

TEST_CASE("server: no id is ever refused, whatever it looks like") {
  for (const std::string& id : {std::string("#"), std::string(4000, 'x'), std::string("\xFF\x01"),
                                std::string("e-99999999999999999999999")}) {
    CHECK(spec_of("/events?topic=a", id).start.last_event_id == id);
  }
}

TEST_CASE("server: since decides only without an id") {
  using Kind = topics::Since::Kind;
  CHECK(spec_of("/events?topic=a&since=earliest").start.since.kind == Kind::kEarliest);
  const topics::Since newest = spec_of("/events?topic=a&since=-5").start.since;
  CHECK(newest.kind == Kind::kNewest);
  CHECK(newest.count == 5);
  const topics::Since age = spec_of("/events?topic=a&since=10m").start.since;
  CHECK(age.kind == Kind::kTime);
  CHECK(age.unix_ms == kNow - 600'000);
  const SubscriptionSpec resumed = spec_of("/events?topic=a&since=earliest", "e-1");
  CHECK(resumed.start.last_event_id == "e-1");
  CHECK(resumed.start.since.kind == Kind::kLatest);
}

TEST_CASE("server: a plus in a since time survives the query's decoding") {
  CHECK(spec_of("/events?topic=a&since=1970-01-01T01:00:01+01:00").start.since.unix_ms == 1000);
  CHECK(spec_of("/events?topic=a&since=1970-01-01T01:00:01%2B01:00").start.since.unix_ms == 1000);
}

TEST_CASE("server: a bad since is refused, but not beside an id that counts instead") {
  const Error error = Ask("/events?topic=a&since=yesterday").error();
  CHECK(error.code == Errc::kInvalid);
  CHECK(error.field == "since");
  // On a reconnect a 400 would end an EventSource for good.
  CHECK(Ask("/events?topic=a&since=yesterday", "e-1").read());
}

TEST_CASE("server: the head of a stream is close-delimited, never cached and small") {
  const std::string head = stream_head({});
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(head.ends_with("\r\n\r\n"));
  CHECK(head.find("\r\nContent-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(head.find("\r\nCache-Control: no-store, no-transform\r\n") != std::string::npos);
  CHECK(head.find("\r\nX-Accel-Buffering: no\r\n") != std::string::npos);
  CHECK(head.find("\r\nConnection: close\r\n") != std::string::npos);
  CHECK(head.find("Transfer-Encoding") == std::string::npos);
  CHECK(head.find("Content-Length") == std::string::npos);
  CHECK(head.size() < 512);
}

TEST_CASE("server: the head of a stream carries the CORS headers inside") {
  const std::string head = stream_head({{"Vary", "Origin"}});
  CHECK(head.ends_with("\r\nVary: Origin\r\n\r\n"));
  CHECK(head.find("\r\n\r\n") == head.size() - 4);
}

}  // namespace
}  // namespace ringcast::server::server_subscribe_handler_test
