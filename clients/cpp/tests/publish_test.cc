#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "harness/daemon.h"
#include "harness/recorder.h"
#include "harness/relay.h"
#include "harness/scripted_broker.h"

namespace ringcast::client::test::publish_test {
namespace {

using Strings = std::vector<std::string>;

// What a subscription to `topic` from the beginning gets, in a client of its own.
Recorder read_back(TestLoop& loop, const std::string& url, const std::string& topic,
                   size_t events) {
  Recorder recorder;
  Client client = open_client(loop, url);
  const Subscription subscription = client.subscribe(everything_of(topic), recorder.handlers());
  loop.run_until("the events of " + topic, [&] { return recorder.events.size() >= events; });
  return recorder;
}

PublishOptions impatient() {
  PublishOptions options;
  options.retry_for_ms = 0;
  return options;
}

}  // namespace

TEST_CASE("publish: an event with its type arrives, and its id comes back") {
  const Daemon broker;
  TestLoop loop;
  Client client = open_client(loop, broker.url());
  Publication publication = event("a b/\xC3\xA4", "one\ntwo");
  publication.type = "greeting";
  const auto receipt = publish(loop, client, publication);
  REQUIRE(receipt);
  CHECK_FALSE(receipt->is_duplicate);
  const Recorder got = read_back(loop, broker.url(), "a b/\xC3\xA4", 1);
  CHECK(got.events[0].id == receipt->id);
  CHECK(got.events[0].type == "greeting");
  CHECK(got.events[0].data == "one\ntwo");
}

TEST_CASE("publish: empty data, NUL and JSON arrive as what they are") {
  const Daemon broker;
  TestLoop loop;
  Client client = open_client(loop, broker.url());
  REQUIRE(publish(loop, client, event("t", "")));
  REQUIRE(publish(loop, client, event("t", std::string("a\0b", 3))));
  Publication json = event("t", " { \"bid\" : 1.50 } ");
  json.is_json = true;
  REQUIRE(publish(loop, client, json));
  const Recorder got = read_back(loop, broker.url(), "t", 3);
  CHECK(got.data() == Strings{"", std::string("a\0b", 3), R"({"bid":1.50})"});
}

TEST_CASE("publish: one event in several topics has one id") {
  const Daemon broker;
  TestLoop loop;
  Client client = open_client(loop, broker.url());
  Publication both = event("a", "x");
  both.topics.emplace_back("b");
  const auto receipt = publish(loop, client, both);
  REQUIRE(receipt);
  CHECK(read_back(loop, broker.url(), "a", 1).events[0].id == receipt->id);
  CHECK(read_back(loop, broker.url(), "b", 1).events[0].id == receipt->id);
}

TEST_CASE("publish: a key stores once and gives the first id again") {
  const Daemon broker;
  TestLoop loop;
  Client client = open_client(loop, broker.url());
  for (const bool is_private : {false, true}) {  // By header, and in the body.
    Publication publication = event(is_private ? "p" : "t", "x");
    publication.key = "k";
    publication.is_private = is_private;
    const auto first = publish(loop, client, publication);
    const auto second = publish(loop, client, publication);
    REQUIRE(first);
    REQUIRE(second);
    CHECK_FALSE(first->is_duplicate);
    CHECK(second->is_duplicate);
    CHECK(first->id == second->id);
  }
}

TEST_CASE("publish: a comment reaches who listens") {
  const Daemon broker;
  TestLoop loop;
  Client client = open_client(loop, broker.url());
  Recorder recorder;
  const Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
  loop.run_until("the stream", [&] { return recorder.is_open(); });
  recorder.comments.clear();
  Publication comment = event("t", "two\nlines");
  comment.is_comment = true;
  REQUIRE(publish(loop, client, comment));
  loop.run_until("the comment", [&] { return recorder.comments.size() >= 2; });
  CHECK(recorder.comments == Strings{"two", "lines"});
}

TEST_CASE("publish: a batch is stored in its order") {
  const Daemon broker;
  TestLoop loop;
  Client client = open_client(loop, broker.url());
  Batch batch;
  for (const std::string& number : numbers(0, 500)) {
    REQUIRE_FALSE(batch.add(event("t", number)));
  }
  CHECK(batch.size() == 500);
  CHECK(batch.add(event("t", "\xff")).code == Errc::kInvalid);
  CHECK(batch.size() == 500);
  const auto receipt = publish(loop, client, std::move(batch));
  REQUIRE(receipt);
  CHECK(receipt->accepted == 500);
  CHECK(receipt->duplicates == 0);
  const Recorder got = read_back(loop, broker.url(), "t", 500);
  CHECK(got.data() == numbers(0, 500));
  CHECK(got.events.front().id == receipt->first_id);
  CHECK(got.events.back().id == receipt->last_id);
}

TEST_CASE("publish: a batch that is refused says at which event, and those before it stand") {
  const Daemon broker;
  TestLoop loop;
  Client client = open_client(loop, broker.url());
  Batch batch;
  REQUIRE_FALSE(batch.add(event("t", "0")));
  REQUIRE_FALSE(batch.add(event("$sys/no", "1")));
  REQUIRE_FALSE(batch.add(event("t", "2")));
  const auto refused = publish(loop, client, std::move(batch));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kRefused);
  CHECK(refused.error().status == 403);
  CHECK(refused.error().problem.line == 2U);
  CHECK(refused.error().problem.accepted == 1U);
  CHECK_FALSE(refused.error().problem.detail.empty());
  CHECK(read_back(loop, broker.url(), "t", 1).data() == Strings{"0"});
}

TEST_CASE("publish: events arrive in the order of the calls") {
  const Daemon broker;
  TestLoop loop;
  Client client = open_client(loop, broker.url());
  size_t answers = 0;
  for (const std::string& number : numbers(0, 200)) {
    client.publish(event("t", number), [&](const Result<Receipt>& receipt) {
      CHECK(receipt);
      ++answers;
    });
  }
  CHECK(answers == 0);  // Nobody is called from within a call.
  loop.run_until("the answers", [&] { return answers == 200; });
  CHECK(read_back(loop, broker.url(), "t", 200).data() == numbers(0, 200));
}

TEST_CASE("publish: several at a time use several connections") {
  TestLoop loop;
  ScriptedBroker broker(loop, {silence(), silence(), silence()});
  ClientOptions options;
  options.url = broker.url();
  options.parallel_publishes = 2;
  Client client = open_client(loop, options);
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    client.publish(event("t", "x"), [&](Result<Receipt> receipt) { ids.push_back(receipt->id); });
  }
  loop.run_until("two requests", [&] { return broker.requests().size() == 2; });
  answer(200, R"({"id":"e-2"})")(broker.socket_of(1), broker.requests()[1]);
  loop.run_until("the third request", [&] { return broker.requests().size() == 3; });
  CHECK(ids == Strings{"e-2"});
}

TEST_CASE("publish: an answer that was lost on the way is asked for again, and nothing doubles") {
  const Daemon broker;
  TestLoop loop;
  Relay relay(loop, broker.port());
  Client client = open_client(loop, relay.url());
  relay.cut_answers_after(0);
  PublishOptions options;
  size_t failures = 0;
  options.on_retry = [&](const Error& error, uint64_t /*wait_ms*/) {
    CHECK(error.code == Errc::kBroken);
    CHECK(error.is_transient);
    if (++failures == 2) {
      relay.cut_answers_after(std::nullopt);
    }
  };
  Batch batch;
  for (const std::string& number : numbers(0, 50)) {
    REQUIRE_FALSE(batch.add(event("t", number)));
  }
  const auto receipt = publish(loop, client, std::move(batch), options);
  REQUIRE(receipt);
  CHECK(failures == 2);
  CHECK(receipt->accepted == 50);
  CHECK(receipt->duplicates == 50);
  relay.cut_answers_after(0);
  failures = 0;
  relay.cut();  // The connection that is kept.
  const auto single = publish(loop, client, event("t", "50"), options);
  REQUIRE(single);
  CHECK(single->is_duplicate);
  REQUIRE(publish(loop, client, event("t", "51")));
  CHECK(read_back(loop, broker.url(), "t", 52).data() == numbers(0, 52));
}

TEST_CASE("publish: a broker that comes back gets what waited, in order") {
  Daemon broker({"--set", "journal.path={folder}/journal"});
  TestLoop loop;
  Client client = open_client(loop, broker.unix_url());
  REQUIRE(publish(loop, client, event("t", "0")));
  broker.kill();
  size_t answers = 0;
  bool is_told = false;
  PublishOptions options;
  options.on_retry = [&](const Error& error, uint64_t /*wait_ms*/) {
    CHECK(error.code == Errc::kNoConnection);
    is_told = true;
  };
  for (const std::string& number : numbers(1, 20)) {
    client.publish(
        event("t", number),
        [&](const Result<Receipt>& receipt) {
          CHECK(receipt);
          ++answers;
        },
        options);
  }
  loop.run_until("a failed attempt", [&] { return is_told; });
  broker.start();
  loop.run_until("the answers", [&] { return answers == 19; });
  CHECK(read_back(loop, broker.url(), "t", 20).data() == numbers(0, 20));
}

TEST_CASE("publish: after an outage all that waited gives up, not one after the other") {
  TestLoop loop;
  Client client = open_client(loop, "unix:/nowhere/at/all");
  PublishOptions options;
  options.retry_for_ms = 200;
  std::vector<Error> errors;
  for (int i = 0; i < 1'000; ++i) {  // Each waits 100 ms at least: more than a test's patience.
    client.publish(
        event("t", "x"), [&](const Result<Receipt>& r) { errors.push_back(r.error()); }, options);
  }
  loop.run_until("all errors", [&] { return errors.size() == 1'000; });
  for (const Error& error : errors) {
    CHECK(error.code == Errc::kNoConnection);
    CHECK(error.is_transient);
  }
}

TEST_CASE("publish: a busy broker is asked again, with the same key, after Retry-After") {
  TestLoop loop;
  ScriptedBroker broker(
      loop, {problem(503, "draining", "Retry-After: 1\r\n"), answer(200, R"({"id":"e-1"})")});
  Client client = open_client(loop, broker.url());
  PublishOptions options;
  uint64_t waited_ms = 0;
  options.on_retry = [&](const Error& error, uint64_t wait_ms) {
    CHECK(error.status == 503);
    CHECK(error.retry_after_ms == 1'000U);
    waited_ms = wait_ms;
  };
  const auto receipt = publish(loop, client, event("t", "x"), options);
  REQUIRE(receipt);
  CHECK(receipt->id == "e-1");
  CHECK(waited_ms == 1'000);
  const std::string key = broker.requests()[0].header("idempotency-key");
  CHECK(key.size() == 16);
  CHECK(broker.requests()[1].header("idempotency-key") == key);
}

TEST_CASE("publish: who does not want to wait gets the error at once") {
  TestLoop loop;
  ScriptedBroker broker(loop, {problem(429, "slow down", "Retry-After: 3600\r\n"), cut()});
  Client client = open_client(loop, broker.url());
  const auto busy = publish(loop, client, event("t", "x"), impatient());
  REQUIRE_FALSE(busy);
  CHECK(busy.error().message == "the broker answered 429: slow down");
  CHECK(busy.error().is_transient);
  const auto broken = publish(loop, client, event("t", "x"), impatient());
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == Errc::kBroken);
}

TEST_CASE("publish: what is wrong is refused before it is sent, and not from within the call") {
  TestLoop loop;
  ScriptedBroker broker(loop, {});
  Client client = open_client(loop, broker.url());
  Publication bad_json = event("t", "{");
  bad_json.is_json = true;
  Publication bad_key = event("t", "x");
  bad_key.key = "two\r\nlines";
  for (const Publication& wrong :
       {event("t", "\xff"), event("\xff", "x"), Publication{}, bad_json, bad_key}) {
    bool is_within = true;
    std::optional<Error> error;
    client.publish(wrong, [&](const Result<Receipt>& result) {
      CHECK_FALSE(is_within);
      error = result.error();
    });
    is_within = false;
    loop.run_until("the error", [&] { return error.has_value(); });
    CHECK(error->code == Errc::kInvalid);
    CHECK_FALSE(error->message.empty());
  }
  CHECK(publish(loop, client, Batch{}).error().code == Errc::kInvalid);
  CHECK(broker.requests().empty());
}

TEST_CASE("publish: what waits is bounded in bytes") {
  TestLoop loop;
  ScriptedBroker broker(loop, {silence(), answer(200, R"({"id":"e-2"})")});
  ClientOptions options;
  options.url = broker.url();
  options.max_queued_bytes = 100;
  Client client = open_client(loop, options);
  std::optional<Result<Receipt>> large;
  std::optional<Result<Receipt>> small;
  std::optional<Result<Receipt>> full;
  client.publish(event("t", std::string(99, 'x')),
                 [&](Result<Receipt> r) { large = std::move(r); });
  client.publish(event("t", "y"), [&](Result<Receipt> r) { small = std::move(r); });
  client.publish(event("t", "z"), [&](Result<Receipt> r) { full = std::move(r); });
  loop.run_until("the error", [&] { return full.has_value(); });
  CHECK(full->error().code == Errc::kQueueFull);
  loop.run_until("the request", [&] { return !broker.requests().empty(); });
  answer(200, R"({"id":"e-1"})")(broker.socket_of(0), broker.requests()[0]);
  loop.run_until("the answers", [&] { return large && small; });
  CHECK((*large)->id == "e-1");
  CHECK((*small)->id == "e-2");
}

TEST_CASE("publish: one event over that bound still goes, by itself") {
  TestLoop loop;
  ScriptedBroker broker(loop, {answer(200, R"({"id":"e-1"})")});
  ClientOptions options;
  options.url = broker.url();
  options.max_queued_bytes = 1;
  Client client = open_client(loop, options);
  CHECK(publish(loop, client, event("t", "longer than that")));
}

TEST_CASE("publish: refusals carry the broker's words") {
  const Daemon broker;
  TestLoop loop;
  Client client = open_client(loop, broker.url());
  const auto refused = publish(loop, client, event("$sys/x", "x"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().status == 403);
  CHECK_FALSE(refused.error().is_transient);
  CHECK(refused.error().message == "the broker answered 403: " + refused.error().problem.detail);
}

TEST_CASE("send: other requests bring their answers") {
  const Daemon broker;
  TestLoop loop;
  Client client = open_client(loop, broker.url());
  REQUIRE(publish(loop, client, event("a/b", "x")));
  const auto send = [&](Request request) {
    std::optional<Result<Response>> answer;
    client.send(std::move(request), [&](Result<Response> result) { answer = std::move(result); });
    loop.run_until("the answer", [&] { return answer.has_value(); });
    return *std::move(answer);
  };
  Request topics;
  topics.path = "/topics";
  topics.query = {{"prefix", "a/"}};
  const auto listed = send(topics);
  REQUIRE(listed);
  CHECK(listed->status == 200);
  CHECK(listed->content_type == "application/json");
  CHECK(listed->body.find("\"a/b\"") != std::string::npos);
  Request deletion;
  deletion.method = "DELETE";
  deletion.path = topic_path("a/b");
  const auto deleted = send(deletion);
  REQUIRE(deleted);
  CHECK(deleted->status == 204);
  Request missing;
  missing.path = "/nowhere";
  CHECK(send(missing).error().status == 404);
  Request forged;
  forged.path = "/topics";
  forged.headers = {"X: y\r\nZ: z"};
  CHECK(send(forged).error().code == Errc::kInvalid);
  forged = {};
  forged.path = "/topics HTTP/1.1\r\nX: y";
  CHECK(send(forged).error().code == Errc::kInvalid);
}

}  // namespace ringcast::client::test::publish_test
