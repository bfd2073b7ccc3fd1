#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "server/ndjson_ingest.h"
#include "support/fake_clock.h"
#include "support/identities.h"

namespace ringcast::server::server_ndjson_ingest_test {
namespace {

using State = NdjsonIngest::State;

constexpr uint64_t kLineLimit = 100;

// A hub with one worker that pumps only when the test says so.
struct Broker {
  explicit Broker(uint64_t memory_bytes = 1 << 24) : hub(options(memory_bytes), "e", clock) {}

  static Options options(uint64_t memory_bytes) {
    Options options;
    options.memory_bytes = memory_bytes;
    options.policies.fallback.grace_ms = 0;
    return options;
  }
  // The data of all events of a topic, in order.
  std::vector<std::string> data(const std::string& topic) {
    topics::Interest interest;
    interest.patterns = {topic};
    const auto page =
        hub.history(interest, {.since = {.kind = topics::Since::Kind::kEarliest}}, 10'000);
    REQUIRE(page);
    std::vector<std::string> all;
    for (const topics::EventRef& event : page->slice.events) {
      all.push_back(event->data());
    }
    return all;
  }

  FakeClock clock;
  Hub hub;
};

NdjsonIngest::Publish publish_to(Hub& hub) {
  return [&hub](std::vector<Draft>& drafts) {
    return std::optional(hub.publish(drafts, {}, Hub::kNoWorker));
  };
}

// An ingest on its broker.
struct Ingest {
  explicit Ingest(Broker& at, uint64_t line_limit = kLineLimit)
      : broker(at), ingest(test::shared_nobody(), at.hub.epoch(), line_limit) {}

  State feed(std::string_view bytes) {
    ingest.feed(bytes);
    return advance();
  }
  State finish() {
    ingest.finish();
    return advance();
  }
  State advance() { return ingest.advance(publish_to(broker.hub), reader); }
  [[nodiscard]] std::string answer() const { return ingest.response().body; }
  [[nodiscard]] int status() const { return ingest.response().status; }
  [[nodiscard]] bool says(std::string_view text) const {
    return answer().find(text) != std::string::npos;
  }

  Broker& broker;
  NdjsonIngest ingest;
  json::Reader reader;
};

std::string line(std::string_view data) {
  return R"({"topic":"t","data":")" + std::string(data) + "\"}";
}

// A line of exactly so many bytes.
std::string line_of(size_t bytes) {
  return line(std::string(bytes - line("").size(), 'x'));
}

// What came of a body that arrived in two pieces.
struct Outcome {
  int status;
  std::string body;
  std::vector<std::string> stored;
  bool operator==(const Outcome&) const = default;
};

Outcome ingest_in_two(std::string_view body, size_t split) {
  Broker broker;
  Ingest ingest(broker);
  State state = ingest.feed(body.substr(0, split));
  if (state == State::kMore) {
    state = ingest.feed(body.substr(split));
  }
  if (state == State::kMore) {
    state = ingest.finish();
  }
  CHECK(state == State::kDone);
  return {ingest.status(), ingest.answer(), broker.data("t")};
}

// Every split of the body must come to the same.
Outcome ingest_at_every_split(std::string_view body) {
  Outcome whole = ingest_in_two(body, body.size());
  for (size_t split = 0; split < body.size(); ++split) {
    CAPTURE(split);
    const Outcome outcome = ingest_in_two(body, split);
    REQUIRE(outcome.status == whole.status);
    REQUIRE(outcome.body == whole.body);
    REQUIRE(outcome.stored == whole.stored);
  }
  return whole;
}

using Stored = std::vector<std::string>;

TEST_CASE("server: NDJSON lines are published in order at every split of the body") {
  const Outcome outcome =
      ingest_at_every_split(line("a") + "\n" + line("\xC3\xA9") + "\r\n\n \t\n" + line("c") + "\n");
  CHECK(outcome.status == 200);
  CHECK(outcome.body ==
        "{\"accepted\":3,\"duplicates\":0,\"first_id\":\"e-1\",\"last_id\":\"e-3\"}\n");
  CHECK(outcome.stored == Stored{"a", "\xC3\xA9", "c"});
}

TEST_CASE("server: the last NDJSON line counts without its line end") {
  CHECK(ingest_at_every_split(line("a") + "\n" + line("b")).stored == Stored{"a", "b"});
  CHECK(ingest_at_every_split(line("a") + "\r").stored == Stored{"a"});
}

TEST_CASE("server: an NDJSON body without lines stores nothing and is no error") {
  for (const char* body : {"", "\n", "\r\n\n", "  "}) {
    CAPTURE(body);
    const Outcome outcome = ingest_at_every_split(body);
    CHECK(outcome.status == 200);
    CHECK(outcome.body == "{\"accepted\":0,\"duplicates\":0,\"first_id\":null,\"last_id\":null}\n");
  }
}

TEST_CASE("server: a bad NDJSON line ends the ingest, the lines before it stand") {
  for (const char* bad : {"{", "1", R"({"topic":"t"})", R"({"topic":"t","data":1}})",
                          R"({"topic":"t","data":1}{"topic":"t","data":2})", "\xFF"}) {
    CAPTURE(bad);
    const Outcome outcome = ingest_at_every_split(line("a") + "\n\n" + line("b") + "\n" + bad +
                                                  "\n" + line("c") + "\n");
    CHECK(outcome.status == 400);
    CHECK(outcome.body.find("\"line\":4,") != std::string::npos);
    CHECK(outcome.body.find("\"accepted\":2,\"first_id\":\"e-1\",\"last_id\":\"e-2\"}") !=
          std::string::npos);
    CHECK(outcome.stored == Stored{"a", "b"});
  }
}

TEST_CASE("server: a bad NDJSON line names the field as well") {
  const Outcome outcome = ingest_at_every_split(R"({"topic":"t","data":1,"evnt":"x"})"
                                                "\n");
  CHECK(outcome.status == 400);
  CHECK(outcome.body.find("\"field\":\"evnt\"") != std::string::npos);
  CHECK(outcome.body.find("\"line\":1") != std::string::npos);
  CHECK(outcome.body.find("\"accepted\":0,\"first_id\":null,\"last_id\":null") !=
        std::string::npos);
}

TEST_CASE("server: an NDJSON line may be as long as the limit, at every split and line end") {
  for (const char* end : {"\n", "\r\n", ""}) {
    for (const size_t bytes : {kLineLimit - 1, kLineLimit, kLineLimit + 1}) {
      CAPTURE(end);
      CAPTURE(bytes);
      const Outcome outcome = ingest_at_every_split(line("a") + "\n" + line_of(bytes) + end);
      const bool fits = bytes <= kLineLimit;
      CHECK(outcome.status == (fits ? 200 : 413));
      CHECK(outcome.stored.size() == (fits ? 2 : 1));
      if (!fits) {
        CHECK(outcome.body.find("\"line\":2") != std::string::npos);
        CHECK(outcome.body.find("\"accepted\":1") != std::string::npos);
      }
    }
  }
}

TEST_CASE("server: blanks count for the length of an NDJSON line, at every split") {
  const std::string blanks(kLineLimit, ' ');
  CHECK(ingest_at_every_split(blanks + "\n").status == 200);
  CHECK(ingest_at_every_split(blanks + " \n").status == 413);
  CHECK(ingest_at_every_split(" " + line_of(kLineLimit) + "\n").status == 413);
}

TEST_CASE("server: an NDJSON line without an end is refused as soon as it is too long") {
  Broker broker;
  Ingest ingest(broker);
  CHECK(ingest.feed(line_of(kLineLimit)) == State::kMore);
  CHECK(ingest.feed("xx") == State::kDone);
  CHECK(ingest.status() == 413);
  CHECK(broker.data("t").empty());
}

TEST_CASE("server: NDJSON keys make a repeat a duplicate") {
  const std::string keyed = R"({"topic":"t","data":"x","key":"k"})";
  const Outcome outcome = ingest_at_every_split(keyed + "\n" + keyed + "\n" + line("y") + "\n");
  CHECK(outcome.body ==
        "{\"accepted\":3,\"duplicates\":1,\"first_id\":\"e-1\",\"last_id\":\"e-2\"}\n");
  CHECK(outcome.stored == Stored{"x", "y"});
}

TEST_CASE("server: more NDJSON lines than one batch takes come in order all the same") {
  Broker broker;
  Ingest ingest(broker);
  std::string body;
  for (int index = 0; index < 1000; ++index) {
    body += line(std::to_string(index)) + "\n";
  }
  CHECK(ingest.feed(body) == State::kMore);
  CHECK(ingest.ingest.lines() == 1000);
  CHECK(ingest.finish() == State::kDone);
  CHECK(ingest.says("\"accepted\":1000,"));
  CHECK(ingest.says("\"last_id\":\"e-1000\""));
  const Stored stored = broker.data("t");
  REQUIRE(stored.size() == 1000);
  CHECK(stored.front() == "0");
  CHECK(stored.back() == "999");
}

TEST_CASE("server: an NDJSON ingest that is stopped says how far it came") {
  Broker broker;
  Ingest ingest(broker);
  CHECK(ingest.feed(line("a") + "\n" + line("b") + "\n" + line("c").substr(0, 5)) == State::kMore);
  ingest.ingest.stop({.code = Errc::kOverloaded, .detail = "draining"});
  CHECK(ingest.advance() == State::kDone);
  CHECK(ingest.status() == 503);
  CHECK(ingest.says("\"detail\":\"draining\""));
  CHECK(ingest.says("\"line\":2,"));
  CHECK(ingest.says("\"accepted\":2,\"first_id\":\"e-1\",\"last_id\":\"e-2\""));
}

TEST_CASE("server: an NDJSON line that its topic's limit refuses ends the ingest at that line") {
  FakeClock clock;
  Options options;
  options.limits.topics = 2;
  Hub hub(options, "e", clock);
  json::Reader reader;
  NdjsonIngest ingest(test::shared_nobody(), hub.epoch(), kLineLimit);
  for (const char* topic : {"a", "b", "c", "a"}) {
    ingest.feed(std::string(R"({"topic":")") + topic + R"(","data":1})" + "\n");
  }
  CHECK(ingest.advance(publish_to(hub), reader) == State::kDone);
  const http::Response response = ingest.response();
  CHECK(response.status == 503);
  CHECK(response.body.find("\"line\":3,") != std::string::npos);
  CHECK(response.body.find("\"accepted\":2,\"first_id\":\"e-1\",\"last_id\":\"e-2\"") !=
        std::string::npos);
}

TEST_CASE("server: a bad line far behind does not hide the one that could not be stored") {
  FakeClock clock;
  Options options;
  options.limits.topics = 1;
  Hub hub(options, "e", clock);
  json::Reader reader;
  NdjsonIngest ingest(test::shared_nobody(), hub.epoch(), kLineLimit);
  ingest.feed(R"({"topic":"a","data":1})"
              "\n"
              R"({"topic":"b","data":1})"
              "\nnonsense\n");
  CHECK(ingest.advance(publish_to(hub), reader) == State::kDone);
  CHECK(ingest.response().status == 503);
  CHECK(ingest.response().body.find("\"line\":2,") != std::string::npos);
}

// A subscriber's worker that has not pumped keeps the events in memory.
struct SlowWorker {
  explicit SlowWorker(Broker& at) : broker(at) {
    interest.patterns = {"t"};
    REQUIRE(broker.hub.open(interest, {}));
  }
  SlowWorker(const SlowWorker&) = delete;
  SlowWorker& operator=(const SlowWorker&) = delete;
  ~SlowWorker() { broker.hub.leave(interest); }
  void pump() {
    News news;
    broker.hub.take_news(0, news);
    broker.hub.set_pumped(0, news.visible);
  }

  Broker& broker;
  topics::Interest interest;
};

TEST_CASE("server: an NDJSON ingest waits for memory and goes on where it stood, nothing lost") {
  constexpr int kLines = 300;
  Broker broker(64 << 10);
  SlowWorker worker(broker);
  Ingest ingest(broker, 1000);
  const std::string filler(500, 'x');
  int waits = 0;
  for (int index = 0; index < kLines; ++index) {
    State state = ingest.feed(line(std::to_string(index) + filler) + "\n");
    while (state == State::kBehind) {
      ++waits;
      REQUIRE(waits < kLines);
      CHECK(ingest.advance() == State::kBehind);  // Asking again does not help by itself.
      worker.pump();
      state = ingest.advance();
    }
    REQUIRE(state == State::kMore);
  }
  CHECK(waits > 1);
  CHECK(ingest.finish() == State::kDone);
  CHECK(ingest.says("\"accepted\":300,"));
  CHECK(ingest.says("\"last_id\":\"e-300\""));
  CHECK(broker.hub.counts().published == kLines);
}

TEST_CASE("server: NDJSON lines that fit one by one are stored although a batch does not fit") {
  constexpr int kLines = 200;
  Broker broker(64 << 10);
  Ingest ingest(broker, 1000);
  std::string body;
  for (int index = 0; index < kLines; ++index) {
    body += line(std::to_string(index) + std::string(500, 'x')) + "\n";
  }
  CHECK(ingest.feed(body) == State::kMore);
  CHECK(ingest.finish() == State::kDone);
  CHECK(ingest.status() == 200);
  CHECK(ingest.says("\"accepted\":200,"));
  CHECK(broker.hub.counts().published == kLines);
}

TEST_CASE("server: an NDJSON batch that waits for memory is stored once when there is some") {
  Broker broker(64 << 10);
  SlowWorker worker(broker);
  Ingest ingest(broker, 1000);
  std::string body;
  for (int index = 0; index < 200; ++index) {
    body += line(std::to_string(index) + std::string(500, 'x')) + "\n";
  }
  ingest.ingest.feed(body);
  ingest.ingest.finish();
  State state = ingest.advance();
  int waits = 0;
  while (state == State::kBehind) {
    REQUIRE(++waits < 200);
    worker.pump();
    state = ingest.advance();
  }
  CHECK(waits > 0);
  CHECK(state == State::kDone);
  CHECK(ingest.says("\"accepted\":200,\"duplicates\":0"));
  CHECK(broker.hub.counts().published == 200);
}

TEST_CASE(
    "server: an NDJSON ingest that is stopped while it waits has stored what it says, no more") {
  Broker broker(16 << 10);
  SlowWorker worker(broker);
  Ingest ingest(broker, 1000);
  State state = State::kMore;
  int lines = 0;
  while (state == State::kMore) {
    REQUIRE(lines < 100);
    state = ingest.feed(line(std::to_string(lines++) + std::string(500, 'x')) + "\n");
  }
  REQUIRE(state == State::kBehind);
  ingest.ingest.stop({.code = Errc::kOverloaded, .detail = "draining"});
  worker.pump();
  CHECK(ingest.advance() == State::kDone);
  CHECK(ingest.status() == 503);
  const std::string stored = std::to_string(broker.hub.counts().published);
  CHECK(ingest.says("\"accepted\":" + stored + ","));
  CHECK(ingest.says("\"last_id\":\"e-" + stored + "\""));
}

}  // namespace
}  // namespace ringcast::server::server_ndjson_ingest_test
