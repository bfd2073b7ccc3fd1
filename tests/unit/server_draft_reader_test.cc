#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "server/draft_reader.h"
#include "support/identities.h"

namespace ringcast::server::server_draft_reader_test {
namespace {

using Names = std::vector<std::string>;

constexpr std::string_view kEpoch = "e9";

Result<Draft> read(const std::string& text,
                   const auth::Grants& grants = auth::Grants::everything()) {
  json::Reader reader;
  const auth::Identity publisher = test::nobody(grants);
  DraftReader drafts(kEpoch, publisher);
  Result<Draft> draft = fail(Errc::kIo, "the document was not visited");
  Status whole = reader.read(text, [&](json::Value& root) -> Status {
    draft = drafts.read(root);
    return draft ? Status(Ok{}) : Status(Failure{draft.error()});
  });
  return whole ? std::move(draft) : Result<Draft>(std::move(whole).failure());
}

Error error_of(const std::string& text, const auth::Grants& grants = auth::Grants::everything()) {
  const Result<Draft> draft = read(text, grants);
  REQUIRE_FALSE(draft);
  return draft.error();
}

// With topic "t" and data, and whatever else.
std::string with(const std::string& fields) {
  return R"({"topic":"t","data":"d",)" + fields + "}";
}

std::string data_of(const std::string& value) {
  const Result<Draft> draft = read(R"({"topic":"t","data":)" + value + "}");
  REQUIRE(draft);
  return draft->event->data();
}

std::string topics_json(size_t count) {
  std::string list;
  for (size_t index = 0; index < count; ++index) {
    list += (list.empty() ? "\"t" : ",\"t") + std::to_string(index) + "\"";
  }
  return R"({"data":1,"topics":[)" + list + "]}";
}

void check_error(const std::string& text, std::string_view field) {
  CAPTURE(text);
  const Error error = error_of(text);
  CHECK(error.code == Errc::kInvalid);
  CHECK(error.field == field);
}

TEST_CASE("server: a draft has all fields of its object") {
  const Result<Draft> draft =
      read(R"({"topic":"t","event":"paid","id":"p1","retry":500,"key":"k","data":"a\nb"})");
  REQUIRE(draft);
  CHECK(draft->event->topics() == Names{"t"});
  CHECK(draft->event->type() == "paid");
  CHECK(draft->event->id() == "p1");
  CHECK(draft->event->retry_ms() == 500U);
  CHECK(draft->event->data() == "a\nb");
  CHECK(draft->key == "k");
  CHECK_FALSE(draft->comment);
}

TEST_CASE("server: data that is a string is sent as it is") {
  CHECK(data_of(R"("plain")") == "plain");
  CHECK(data_of(R"("")").empty());
  CHECK(data_of(R"("\u00e9\u0000\ud83d\ude00")") == std::string("\xC3\xA9\0\xF0\x9F\x98\x80", 7));
}

TEST_CASE("server: data that is another JSON value is minified, numbers keep their text") {
  CHECK(data_of(R"({ "a" : [ 1 , 2.50 , 1e400 , -0 ] })") == R"({"a":[1,2.50,1e400,-0]})");
  CHECK(data_of("12345678901234567890123456789.0") == "12345678901234567890123456789.0");
  CHECK(data_of("null") == "null");
  CHECK(data_of("true") == "true");
  CHECK(data_of("[]") == "[]");
}

TEST_CASE("server: an event is a JSON object") {
  for (const char* text : {"1", "null", "[]", R"("topic")"}) {
    CAPTURE(text);
    CHECK(error_of(text).code == Errc::kInvalid);
  }
}

TEST_CASE("server: an event needs a topic, in one of the two ways") {
  check_error(R"({"data":1})", "topic");
  check_error(R"({"data":1,"topic":"a","topics":["b"]})", "topic");
  check_error(R"({"data":1,"topics":"a"})", "topics");
  check_error(R"({"data":1,"topics":[1]})", "topics");
  check_error(R"({"data":1,"topic":["a"]})", "topic");
}

TEST_CASE("server: a field that stands twice is refused, not merged") {
  check_error(R"({"data":1,"topic":"a","topic":"b"})", "topic");
  check_error(R"({"data":1,"topics":["a"],"topics":["b"]})", "topics");
  check_error(R"({"topic":"a","data":1,"data":2})", "data");
  check_error(with(R"("id":"a","id":"b")"), "id");
  check_error(with(R"("event":"a","event":"a")"), "event");
  check_error(with(R"("retry":100,"retry":200)"), "retry");
  check_error(with(R"("key":"a","key":"b")"), "key");
  check_error(R"({"topic":"a","comment":"x","comment":"y"})", "comment");
}

TEST_CASE("server: an event carries 1 to 100 topics, each once") {
  check_error(topics_json(0), "topics");
  CHECK(read(topics_json(1))->event->topics().size() == 1);
  CHECK(read(topics_json(99))->event->topics().size() == 99);
  CHECK(read(topics_json(100))->event->topics().size() == 100);
  check_error(topics_json(101), "topics");
  CHECK(read(R"({"data":1,"topics":["b","a","b"]})")->event->topics() == Names{"b", "a"});
}

TEST_CASE("server: topics to publish to are exact names") {
  for (const char* bad : {"", "a*", "*", "a/**", "a\\u0007", "\\u0085"}) {
    CAPTURE(bad);
    CHECK(error_of(std::string(R"({"data":1,"topic":")") + bad + "\"}").code == Errc::kInvalid);
    CHECK(error_of(std::string(R"({"data":1,"topics":["ok",")") + bad + "\"]}").code ==
          Errc::kInvalid);
  }
}

TEST_CASE("server: nobody may publish to the broker's own names") {
  const auth::Grants generous{.publish = {"**", "$sys/**"}, .subscribe = {}, .admin = {}};
  for (const char* text : {R"({"data":1,"topic":"$sys/a"})", R"({"data":1,"topics":["a","$b"]})"}) {
    const Error error = error_of(text, generous);
    CHECK(error.code == Errc::kForbidden);
    CHECK(error.field == "topic");
  }
}

TEST_CASE("server: every topic of an event must be granted") {
  const auth::Grants grants{.publish = {"a/*"}, .subscribe = {"**"}, .admin = {}};
  CHECK(read(R"({"data":1,"topics":["a/1","a/2"]})", grants));
  for (const char* text :
       {R"({"data":1,"topics":["a/1","b"]})", R"({"comment":"x","topic":"b"})"}) {
    const Error error = error_of(text, grants);
    CHECK(error.code == Errc::kUnauthorized);
    CHECK(error.field == "topic");
  }
}

TEST_CASE("server: data is required, even where it would be empty") {
  check_error(R"({"topic":"t"})", "data");
  check_error(R"({"topic":"t","data":"d","comment":"c"})", "data");
}

TEST_CASE("server: an unknown field is refused with the nearest that there is") {
  const auto hint = [](const std::string& name) {
    const Error error = error_of(R"({"topic":"t","data":1,")" + name + R"(":1})");
    CHECK(error.code == Errc::kInvalid);
    CHECK(error.field == name);
    return error.detail;
  };
  CHECK(hint("tpoics").find("`topics`") != std::string::npos);
  CHECK(hint("Event").find("`event`") != std::string::npos);
  CHECK(hint("retries").find("did you mean") == std::string::npos);
  CHECK(hint("").find("did you mean") == std::string::npos);
}

TEST_CASE("server: fields of the wrong type are refused by name") {
  check_error(with(R"("event":1)"), "event");
  check_error(with(R"("id":7)"), "id");
  check_error(with(R"("key":null)"), "key");
  check_error(with(R"("retry":"100")"), "retry");
  check_error(with(R"("retry":-1)"), "retry");
  check_error(with(R"("retry":1.5)"), "retry");
  check_error(R"({"topic":"t","comment":1})", "comment");
}

TEST_CASE("server: retry is clamped to what every client survives") {
  const auto retry = [](const std::string& value) {
    return read(with(R"("retry":)" + value))->event->retry_ms();
  };
  CHECK(retry("0") == 100U);
  CHECK(retry("99") == 100U);
  CHECK(retry("100") == 100U);
  CHECK(retry("101") == 101U);
  CHECK(retry("86399999") == 86'399'999U);
  CHECK(retry("86400000") == 86'400'000U);
  CHECK(retry("86400001") == 86'400'000U);
}

TEST_CASE("server: what would forge a field or an id of the broker is refused") {
  check_error(with(R"("event":"a\nid: 1")"), "event");
  check_error(with(R"("event":"open")"), "event");
  check_error(with(R"("event":"ringcast.gap")"), "event");
  check_error(with(R"("id":"a\rb")"), "id");
  check_error(with(R"("id":"latest")"), "id");
  check_error(with(R"("id":"e9-1")"), "id");
  CHECK(read(with(R"("id":"e8-1")")));
}

TEST_CASE("server: an idempotency key has at most 128 bytes") {
  const auto with_key = [](size_t bytes) {
    return with(R"("key":")" + std::string(bytes, 'k') + "\"");
  };
  CHECK(read(with_key(0))->key.empty());
  CHECK(read(with_key(127)));
  CHECK(read(with_key(128))->key.size() == 128);
  check_error(with_key(129), "key");
}

TEST_CASE("server: a comment has topics and no event") {
  const Result<Draft> draft = read(R"({"topics":["a","b"],"comment":"x\ny"})");
  REQUIRE(draft);
  CHECK_FALSE(draft->event);
  REQUIRE(draft->comment);
  CHECK(*draft->comment == ": x\n: y\n\n");
  CHECK(draft->comment_topics == Names{"a", "b"});
}

TEST_CASE("server: a comment cannot smuggle in a field") {
  CHECK(*read(R"({"topic":"a","comment":"x\rdata: 1\r\nid: 2"})")->comment ==
        ": x\n: data: 1\n: id: 2\n\n");
}

TEST_CASE("server: a comment has no other fields than its topics") {
  for (const char* field : {R"("event":"e")", R"("id":"i")", R"("key":"k")", R"("retry":100)"}) {
    check_error(std::string(R"({"topic":"t","comment":"c",)") + field + "}", "comment");
  }
}

TEST_CASE("server: JSON that breaks off in the middle of an event is refused") {
  const std::string whole = R"({"topic":"t","event":"e","data":{"a":[1,"\u00e9"]}})";
  CHECK(read(whole));
  for (size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    REQUIRE(error_of(whole.substr(0, size)).code == Errc::kInvalid);
  }
  CHECK(error_of(whole + "{}").code == Errc::kInvalid);
}

}  // namespace
}  // namespace ringcast::server::server_draft_reader_test
