#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "server/draft_reader.h"
#include "server/publish_handler.h"
#include "support/identities.h"

namespace ringcast::server::server_publish_handler_test {
namespace {

constexpr std::string_view kEpoch = "e9";

// A publish as it comes: target, Content-Type and body.
struct Post {
  explicit Post(const std::string& text, const std::string& type = "", std::string body = "") {
    request.method = http::Method::kPost;
    request.target = text;
    request.body = std::move(body);
    if (!type.empty()) {
      request.headers.emplace_back("Content-Type", type);
    }
    target = *http::parse_target(text);
    route = *find_route(target, {});
  }

  [[nodiscard]] Status check() const {
    return check_publish_head(target, route, test::nobody(), kEpoch);
  }
  [[nodiscard]] Result<std::vector<Draft>> read() const {
    json::Reader reader;
    const Result<BodyKind> kind = body_kind(request, route);
    REQUIRE(kind);
    return read_publish(request, target, route, *kind, test::nobody(), kEpoch, reader);
  }
  [[nodiscard]] std::vector<Draft> drafts() const {
    Result<std::vector<Draft>> all = read();
    REQUIRE(all);
    return std::move(*all);
  }
  [[nodiscard]] Error error() const {
    const Result<std::vector<Draft>> all = read();
    REQUIRE_FALSE(all);
    return all.error();
  }
  [[nodiscard]] Result<std::string> key(const std::string& value, BodyKind kind) {
    request.headers.emplace_back("Idempotency-Key", value);
    return request_key(request, route, kind, {});
  }

  http::Request request;
  http::Target target;
  Route route;
};

Result<BodyKind> kind_of(const std::string& text, const std::string& type) {
  const Post post(text, type);
  return body_kind(post.request, post.route);
}

TEST_CASE("server: a body in a topic's path is data, whatever its type") {
  for (const char* type : {"", "text/plain", "application/json", "application/x-ndjson",
                           "application/x-www-form-urlencoded", "image/png"}) {
    CAPTURE(type);
    CHECK(*kind_of("/topics/a", type) == BodyKind::kData);
  }
  CHECK(*kind_of("/topics/a", "Text/Event-Stream; charset=utf-8") == BodyKind::kEventStream);
}

TEST_CASE("server: the type of a body at /events is JSON, NDJSON or nothing") {
  for (const char* type : {"application/json", "application/JSON; charset=utf-8"}) {
    CAPTURE(type);
    CHECK(*kind_of("/events", type) == BodyKind::kJson);
  }
  for (const char* type : {"", "application/x-www-form-urlencoded"}) {
    CAPTURE(type);
    CHECK(*kind_of("/events", type) == BodyKind::kMaybeJson);
  }
  CHECK(*kind_of("/events", "application/x-ndjson") == BodyKind::kNdjson);
  CHECK(*kind_of("/events", " Application/X-NDJSON ;charset=utf-8") == BodyKind::kNdjson);
  for (const char* type : {"text/plain", "text/event-stream", "application/jsonx", "json"}) {
    CAPTURE(type);
    const Result<BodyKind> kind = kind_of("/events", type);
    REQUIRE_FALSE(kind);
    CHECK(kind.error().code == Errc::kMediaType);
    CHECK(kind.error().field == "Content-Type");
  }
}

TEST_CASE("server: what is wrong in a publish's head is found without its body") {
  CHECK(Post("/topics/a?event=e&id=i&retry=100").check());
  CHECK(Post("/events?event=open").check());  // No parameters of an event there.
  const auto code = [](const char* text) { return Post(text).check().error().code; };
  CHECK(code("/topics/") == Errc::kInvalid);
  CHECK(code("/topics/a*") == Errc::kInvalid);
  CHECK(code("/topics/%00") == Errc::kInvalid);
  CHECK(code("/topics/$sys/a") == Errc::kForbidden);
  CHECK(code("/topics/a?event=open") == Errc::kInvalid);
  CHECK(code("/topics/a?id=latest") == Errc::kInvalid);
  CHECK(code("/topics/a?retry=1s") == Errc::kInvalid);
}

TEST_CASE("server: a bad parameter of a publish is named") {
  const auto field = [](const char* text) { return Post(text).check().error().field; };
  CHECK(field("/topics/a?event=error") == "event");
  CHECK(field("/topics/a?event=a%0Aid:1") == "event");
  CHECK(field("/topics/a?id=e9-1") == "id");
  CHECK(field("/topics/a?id=%20a") == "id");
  CHECK(field("/topics/a?retry=") == "retry");
  CHECK(field("/topics/a?retry=-1") == "retry");
}

TEST_CASE("server: publishing without the grant is refused before the body") {
  const Post post("/topics/a");
  const Status status =
      check_publish_head(post.target, post.route,
                         test::nobody({.publish = {"b"}, .subscribe = {}, .admin = {}}), kEpoch);
  REQUIRE_FALSE(status);
  CHECK(status.error().code == Errc::kUnauthorized);
  CHECK(status.error().field == "topic");
}

TEST_CASE("server: the body in a topic's path is the data as it is") {
  for (const std::string& body :
       {std::string(), std::string("{\"a\": 1}"), std::string("a\r\nb\n"), std::string("\0", 1)}) {
    const std::vector<Draft> drafts = Post("/topics/t?event=e&retry=5", "", body).drafts();
    REQUIRE(drafts.size() == 1);
    const sse::Event& event = *drafts[0].event;
    CHECK(event.topics() == std::vector<std::string>{"t"});
    CHECK(event.type() == "e");
    CHECK(event.retry_ms() == 100U);
    CHECK(event.data() == (body == "a\r\nb\n" ? "a\nb\n" : body));
    CHECK(drafts[0].key.empty());  // The header is about the whole request.
  }
}

TEST_CASE("server: data that is not UTF-8 is refused") {
  const Error error = Post("/topics/t", "", "a\xFF").error();
  CHECK(error.code == Errc::kInvalid);
  CHECK(error.field == "data");
}

TEST_CASE("server: an event stream is published block by block, into the path's topic") {
  const auto drafts = Post("/topics/t?event=ignored", "text/event-stream",
                           ": hello\nretry: 200\n\nid: 1\nevent: e\ndata: a\ndata: b\n\n"
                           "event: only\n\ndata: c\n\ndata:")
                          .drafts();
  REQUIRE(drafts.size() == 3);
  CHECK(drafts[0].event->data() == "a\nb");
  CHECK(drafts[0].event->type() == "e");
  CHECK(drafts[0].event->id() == "1");
  CHECK(drafts[1].event->data() == "c");
  CHECK(drafts[1].event->type().empty());
  CHECK_FALSE(drafts[1].event->has_publisher_id());  // An id counts only in its own block.
  CHECK(drafts[2].event->data().empty());            // The end of the body ends the last event.
}

TEST_CASE("server: a bad event in an event stream is named by its index") {
  const Error error =
      Post("/topics/t", "text/event-stream", "data: a\n\nevent: open\ndata: b\n\n").error();
  CHECK(error.code == Errc::kInvalid);
  CHECK(error.field == "event");
  CHECK(error.index == 1);
}

TEST_CASE("server: an event stream without data publishes nothing") {
  CHECK(Post("/topics/t", "text/event-stream", "").drafts().empty());
  CHECK(Post("/topics/t", "text/event-stream", ": ping\n\nid: 1\n\n").drafts().empty());
}

TEST_CASE("server: a JSON body is one object or an array of them") {
  CHECK(Post("/events", "application/json", R"({"topic":"a","data":1})").drafts().size() == 1);
  CHECK(Post("/events", "application/json", " [] ").drafts().empty());
  const auto drafts =
      Post("/events", "application/json",
           R"([{"topic":"a","data":"x"},{"topic":"b","comment":"c"},{"topics":["d"],"data":2}])")
          .drafts();
  REQUIRE(drafts.size() == 3);
  CHECK(drafts[0].event->data() == "x");
  CHECK(drafts[1].comment);
  CHECK(drafts[2].event->data() == "2");
}

TEST_CASE("server: the first bad element of an array is named by its index") {
  const auto index = [](const std::string& body) {
    const Error error = Post("/events", "application/json", body).error();
    CHECK(error.code == Errc::kInvalid);
    return error.index;
  };
  const std::string good = R"({"topic":"a","data":1})";
  CHECK(index("[1]") == 0);
  CHECK(index("[" + good + R"(,{"topic":"a"}])") == 1);
  CHECK(index("[" + good + "," + good + R"(,{"topic":"a","data":1,"dat":2},{}])") == 2);
  CHECK(index("{}") == -1);
}

TEST_CASE("server: a body without a type is JSON only if it starts like it") {
  for (const char* type : {"", "application/x-www-form-urlencoded"}) {
    CHECK(Post("/events", type, " \t\r\n[]").drafts().empty());
    CHECK(Post("/events", type, R"({"topic":"a","data":1})").drafts().size() == 1);
    for (const char* body : {"", "  ", "a=b", "\"text\"", "1"}) {
      CAPTURE(body);
      const Error error = Post("/events", type, body).error();
      CHECK(error.code == Errc::kMediaType);
      CHECK(error.field == "Content-Type");
    }
  }
  CHECK(Post("/events", "application/json", "a=b").error().code == Errc::kInvalid);
}

TEST_CASE("server: an Idempotency-Key has at most 128 bytes") {
  CHECK(Post("/topics/a").key(std::string(127, 'k'), BodyKind::kData));
  CHECK(Post("/topics/a").key(std::string(128, 'k'), BodyKind::kData));
  const Result<std::string> refused = Post("/topics/a").key(std::string(129, 'k'), BodyKind::kData);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kInvalid);
  CHECK(refused.error().field == "Idempotency-Key");
  CHECK(Post("/topics/a").key("", BodyKind::kData)->empty());
}

TEST_CASE("server: the scope of an Idempotency-Key is the topic in the path") {
  const auto scope = [](const char* text) { return *Post(text).key("k", BodyKind::kData); };
  CHECK(scope("/topics/a") == scope("/topics/%61?event=e"));
  CHECK(scope("/topics/a") != scope("/topics/b"));
  CHECK(scope("/topics/a") != scope("/events"));
  CHECK(scope("/topics/a") != *Post("/topics/a").key("l", BodyKind::kData));
}

TEST_CASE("server: a key in JSON and the same in the header mean the same publish") {
  const std::string header = *Post("/topics/a").key("k", BodyKind::kData);
  CHECK(header == IdempotencyKeys::scoped({}, std::vector<std::string>{"a"}, "k"));
}

TEST_CASE("server: NDJSON has a key in every line, not one in the header") {
  const Result<std::string> refused = Post("/events").key("k", BodyKind::kNdjson);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kInvalid);
  CHECK(refused.error().field == "Idempotency-Key");
}

TEST_CASE("server: one event is answered with its id, a repeat says so") {
  const Receipt first{.accepted = 1, .duplicates = 0, .first_id = "e-1", .last_id = "e-1"};
  CHECK(publish_response(first, BodyKind::kData).status == 200);
  CHECK(publish_response(first, BodyKind::kData).content_type == "application/json");
  CHECK(publish_response(first, BodyKind::kData).body == "{\"id\":\"e-1\"}\n");
  const Receipt again{.accepted = 1, .duplicates = 1, .first_id = "e-1", .last_id = "e-1"};
  CHECK(publish_response(again, BodyKind::kData).body == "{\"id\":\"e-1\",\"duplicate\":true}\n");
}

TEST_CASE("server: many events are answered with their number and the ids at both ends") {
  const Receipt receipt{.accepted = 3, .duplicates = 1, .first_id = "e-1", .last_id = "a\"b"};
  for (const BodyKind kind :
       {BodyKind::kJson, BodyKind::kMaybeJson, BodyKind::kNdjson, BodyKind::kEventStream}) {
    CHECK(publish_response(receipt, kind).body ==
          "{\"accepted\":3,\"duplicates\":1,\"first_id\":\"e-1\",\"last_id\":\"a\\\"b\"}\n");
  }
  CHECK(publish_response({}, BodyKind::kJson).body ==
        "{\"accepted\":0,\"duplicates\":0,\"first_id\":null,\"last_id\":null}\n");
}

}  // namespace
}  // namespace ringcast::server::server_publish_handler_test
