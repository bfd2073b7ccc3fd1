#include "webhooks/webhook.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/presence.h"
#include "support/fake_clock.h"

namespace ringcast::webhooks::webhooks_webhook_test {
namespace {

Options orders() {
  return {.name = "w", .url = "https://a.example/", .topics = {"orders/*"}, .secret_file = "s"};
}

// A hub, and a webhook whose requests the test carries.
struct TestWebhook {
  explicit TestWebhook(Options options = orders(), topics::Policy policy = {.grace_ms = 0},
                       uint64_t memory_bytes = 512ULL << 20)
      : hub(options_of(policy, memory_bytes), "e", clock),
        fanout(hub, hub.own_reader(), {}),
        webhook(
            {std::move(options), {std::string(32, 'k')}}, hub, fanout,
            [this](const LogLine& line) { logged.push_back(line.message); },
            [] { return uint64_t{0}; }) {
    turn();
  }

  static server::Options options_of(const topics::Policy& policy, uint64_t memory_bytes) {
    server::Options options;
    options.memory_bytes = memory_bytes;
    options.policies.fallback = policy;
    return options;
  }
  void publish(const std::string& data, const std::string& topic = "orders/1") {
    std::vector<server::Draft> drafts(1);
    drafts[0].event = sse::Event::encode({.data = data}, {topic});
    REQUIRE(hub.publish(drafts, "", server::Hub::kNoWorker));
  }
  void turn() {
    while (fanout.turn() || webhook.turn(clock.steady_ms())) {
    }
  }
  // The body of the request that is due.
  std::string request() {
    turn();
    const auto made = webhook.next(clock.steady_ms());
    return made ? made->body : "";
  }
  void deliver() {
    webhook.delivered();
    turn();
  }
  void fail() {
    webhook.failed(clock.steady_ms(), "status 500");
    turn();
  }

  FakeClock clock;
  server::Hub hub;
  server::Fanout fanout;
  std::vector<std::string> logged;
  Webhook webhook;
};

// A webhook behind its start.
struct Started : TestWebhook {
  explicit Started(Options options = orders(), topics::Policy policy = {.grace_ms = 0},
                   uint64_t memory_bytes = 512ULL << 20)
      : TestWebhook(std::move(options), policy, memory_bytes) {
    REQUIRE_FALSE(request().empty());
    deliver();
  }
};

// The data of what a body tells of, and what it is where it has none: "a b gap:3".
std::string gist(const std::string& body) {
  std::string text;
  json::Reader reader;
  const auto each_element = [&](json::Value& element) -> Status {
    std::string kind;
    std::string data;
    std::string missed;
    Status read = element.each_field([&](std::string_view name, json::Value& value) -> Status {
      if (name == "kind") {
        kind = *value.string();
      } else if (name == "data") {
        data = *value.string();
      } else if (name == "missed") {
        return value.append_minified(missed);
      }
      return Ok{};
    });
    text += (text.empty() ? "" : " ") +
            (kind == "publish" ? data : kind + (missed.empty() ? "" : ":" + missed));
    return read;
  };
  REQUIRE(reader.read(body, [&](json::Value& root) {
    return root.each_field([&](std::string_view name, json::Value& value) -> Status {
      return name != "data"
                 ? Status(Ok{})
                 : value.each_field([&](std::string_view field, json::Value& events) -> Status {
                     return field == "events" ? events.each_element(each_element) : Status(Ok{});
                   });
    });
  }));
  return text;
}

TEST_CASE("webhooks: the first request tells of the start, and nothing of what was before") {
  TestWebhook test;
  CHECK(gist(test.request()) == "start");
}

TEST_CASE("webhooks: what comes while a request is under way goes with the next, in order") {
  Started test;
  test.publish("a");
  CHECK(gist(test.request()) == "a");
  test.publish("b");
  test.publish("c", "orders/2");
  test.publish("not for it", "news");
  CHECK(test.request().empty());  // One at a time.
  test.deliver();
  CHECK(gist(test.request()) == "b c");
  test.deliver();
  CHECK(test.request().empty());
  CHECK(test.webhook.is_caught_up());
  CHECK(test.webhook.counts()->delivered.value() == 3);
}

TEST_CASE("webhooks: a batch has so many events and no more") {
  Options options = orders();
  options.batch = 2;
  Started test(options);
  for (const char* data : {"a", "b", "c", "d", "e"}) {
    test.publish(data);
  }
  for (const char* expected : {"a b", "c d", "e"}) {
    CHECK(gist(test.request()) == expected);
    test.deliver();
  }
}

TEST_CASE("webhooks: a batch has so many bytes and no more, and what is larger is told as such") {
  Options options = orders();
  options.batch_bytes = 1024;
  Started test(options);
  test.publish(std::string(600, 'a'));
  test.publish(std::string(600, 'b'));
  test.publish(std::string(1024, 'c'));
  CHECK(gist(test.request()) == std::string(600, 'a'));
  test.deliver();
  CHECK(gist(test.request()) == std::string(600, 'b') + " oversize");
}

TEST_CASE("webhooks: a failure is tried again after a while, with the same id and body") {
  Started test;
  test.publish("a");
  test.turn();
  const auto first = test.webhook.next(test.clock.steady_ms());
  REQUIRE(first);
  const std::string body = first->body;
  test.fail();
  CHECK(test.request().empty());
  CHECK(test.webhook.due_ms() ==
        test.clock.steady_ms() + 500);  // A half of `retry`: no chance here.
  test.publish("b");
  test.clock.advance(500);
  const auto second = test.webhook.next(test.clock.steady_ms());
  REQUIRE(second);
  CHECK(second->id == first->id);
  CHECK(second->body == body);
  test.fail();
  CHECK(test.webhook.due_ms() == test.clock.steady_ms() + 1000);
  test.clock.advance(1000);
  CHECK(gist(test.request()) == "a");
  test.deliver();
  CHECK(gist(test.request()) == "b");
  CHECK(test.logged == std::vector<std::string>{"the webhook fails: it is tried again and again",
                                                "the webhook works again"});
}

TEST_CASE("webhooks: each attempt is signed with its own time") {
  Started test;
  test.publish("a");
  test.turn();
  const auto first = test.webhook.next(test.clock.steady_ms());
  REQUIRE(first);
  CHECK(first->timestamp == "1700000000");
  CHECK(first->signature == sign({std::string(32, 'k')}, first->id, 1'700'000'000, first->body));
  test.fail();
  test.clock.advance(10'000);
  CHECK(test.webhook.next(test.clock.steady_ms())->timestamp == "1700000010");
}

TEST_CASE("webhooks: a batch is given up in the end, and the next one tells of it") {
  Options options = orders();
  options.give_up_ms = 5'000;
  options.retry_most_ms = 5'000;
  Started test(options);
  test.publish("a");
  CHECK(gist(test.request()) == "a");
  test.fail();
  test.publish("b");
  test.clock.advance(5'000);
  CHECK(gist(test.request()) == "a");
  test.fail();
  CHECK(test.logged.back() == "events for the webhook were given up");
  CHECK(test.webhook.counts()->lost.value() == 1);
  test.clock.advance(5'000);
  CHECK(gist(test.request()) == "gap:1 b");
}

TEST_CASE("webhooks: a batch is given up in time, however long the next wait would be") {
  Options options = orders();
  options.give_up_ms = 5'000;
  options.retry_ms = 3'600'000;
  options.retry_most_ms = 3'600'000;
  Started test(options);
  test.publish("a");
  CHECK(gist(test.request()) == "a");
  test.fail();
  CHECK(test.webhook.due_ms() == test.clock.steady_ms() + 5'000);
  test.clock.advance(5'000);
  CHECK(gist(test.request()) == "a");
  test.fail();
  CHECK(test.logged.back() == "events for the webhook were given up");
}

TEST_CASE("webhooks: what comes after the start is told, also when there was no memory at first") {
  TestWebhook test(orders(), {.grace_ms = 0}, 4 << 20);
  Options options = orders();
  options.topics = {"news"};
  Webhook late(
      {options, {std::string(32, 'k')}}, test.hub, test.fanout, [](const LogLine&) {},
      [] { return uint64_t{0}; });
  const auto taken = static_cast<size_t>(test.hub.budget().left());
  test.hub.budget().charge(taken);
  CHECK_FALSE(late.turn(test.clock.steady_ms()));
  test.hub.budget().release(taken);
  test.publish("a", "news");
  test.clock.advance(1'000);
  std::string told;
  for (int n = 0; n < 2; ++n) {
    while (test.fanout.turn() || late.turn(test.clock.steady_ms())) {
    }
    const auto made = late.next(test.clock.steady_ms());
    REQUIRE(made);
    told += gist(made->body) + "|";
    late.delivered();
  }
  CHECK(told == "start|a|");
}

TEST_CASE("webhooks: what has left the ring while a receiver was away is a gap") {
  Options options = orders();
  options.batch = 1;
  Started test(options, {.events = 2, .grace_ms = 0});
  for (const char* data : {"a", "b", "c"}) {  // One is sent, one is gathered, one is held.
    test.publish(data);
    test.turn();
  }
  CHECK(gist(test.request()) == "a");
  for (int n = 0; n < 10; ++n) {
    test.publish(std::to_string(n));
    test.turn();
  }
  std::string all;
  for (test.deliver(); !test.webhook.is_caught_up(); test.deliver()) {
    all += gist(test.request()) + "|";
  }
  CHECK(all == "b|c gap:8|8|9|");
  CHECK(test.webhook.counts()->lost.value() == 8);
}

TEST_CASE("webhooks: a slow receiver does not hold up what leaves the rings") {
  Options options = orders();
  options.batch = 1;
  Started test(options, {.events = 2, .grace_ms = 0});
  for (int n = 0; n < 100; ++n) {
    test.publish(std::to_string(n));
    test.turn();
  }
  CHECK(test.hub.view("orders/1")->events <= 3);
}

TEST_CASE("webhooks: what a request carries is in memory once") {
  Options options = orders();
  options.batch_bytes = 1 << 20;
  Started test(options, {.events = 1, .grace_ms = 0});
  const int64_t before = test.hub.budget().used();
  test.publish(std::string(500'000, 'a'));
  CHECK_FALSE(test.request().empty());
  test.publish("b");  // The ring lets the other go.
  test.turn();
  CHECK(test.hub.budget().used() - before < 600'000);
}

TEST_CASE("webhooks: where memory is short it gathers an event, and leaves it to publishers") {
  Options options = orders();
  options.batch_bytes = 16 << 20;
  Started test(options, {.events = 8, .grace_ms = 0}, 4 << 20);
  for (int n = 0; n < 40; ++n) {
    test.publish(std::string(400'000, 'a'));
    test.turn();
  }
  CHECK_FALSE(test.request().empty());
  CHECK(test.hub.budget().left() >= 0);
}

TEST_CASE("webhooks: it sends of presence what it is told to") {
  Options options = orders();
  options.sends_publish = false;
  options.sends_leave = true;
  Started test(options);
  server::Presence presence(test.hub);
  const auto stay = presence.join({"orders/1", "news"}, "");
  presence.leave(*stay, "closed");
  test.publish("a");
  CHECK(gist(test.request()) == "leave");
}

TEST_CASE("webhooks: with other settings it goes on where it was") {
  Options options = orders();
  options.batch = 1;
  Started test(options);
  for (const char* data : {"a", "b", "c", "d"}) {
    test.publish(data);
  }
  test.publish("before", "news");
  CHECK(gist(test.request()) == "a");
  options.topics = {"orders/*", "news"};
  options.batch = 100;
  options.url = "https://b.example/";
  test.webhook.apply({options, {std::string(32, 'k')}});
  test.deliver();
  CHECK(gist(test.request()) == "b");
  test.deliver();
  CHECK(gist(test.request()) == "c d before");
}

TEST_CASE("webhooks: with another receiver it does not wait any longer after failures") {
  Options options = orders();
  options.retry_ms = 3'600'000;
  options.retry_most_ms = 86'400'000;
  Started test(options);
  test.publish("a");
  CHECK(gist(test.request()) == "a");
  test.fail();
  options.batch = 10;
  test.webhook.apply({options, {std::string(32, 'k')}});
  CHECK(test.request().empty());  // Nothing that decides on attempts.
  options.url = "https://b.example/";
  options.retry_ms = 1'000;
  test.webhook.apply({options, {std::string(32, 'k')}});
  CHECK(gist(test.request()) == "a");
  test.fail();
  CHECK(test.webhook.due_ms() == test.clock.steady_ms() + 500);
  test.webhook.apply({options, {std::string(32, 'l')}});
  CHECK(gist(test.request()) == "a");
}

TEST_CASE("webhooks: a topic that is new to it is told of from now on") {
  Started test;
  test.publish("before", "news");
  test.turn();
  Options options = orders();
  options.topics = {"orders/*", "news"};
  test.webhook.apply({options, {std::string(32, 'k')}});
  test.publish("after", "news");
  CHECK(gist(test.request()) == "after");
}

TEST_CASE("webhooks: where laggards are disconnected it comes back, and tells of the gap") {
  Options options = orders();
  options.batch = 1;
  Started test(options, {.events = 2, .grace_ms = 0, .lagged = topics::Lagged::kDisconnect});
  for (int n = 0; n < 10; ++n) {
    test.publish(std::to_string(n));
    test.turn();
  }
  std::string all;
  for (int n = 0; n < 10 && !test.webhook.is_caught_up(); ++n) {
    if (const std::string body = test.request(); !body.empty()) {
      all += gist(body) + "|";
      test.deliver();
    }
    test.clock.advance(1000);
  }
  CHECK(all == "0|1|2 gap:5|8|9|");
}

}  // namespace
}  // namespace ringcast::webhooks::webhooks_webhook_test
