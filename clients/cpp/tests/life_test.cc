#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/daemon.h"
#include "harness/recorder.h"
#include "harness/scripted_broker.h"

// Each test ends with uv_loop_close() == 0: ~TestLoop checks it.
namespace ringcast::client::test::life_test {
namespace {

const std::string kOpening = ": hello\nretry: 100\nid: e-0\n\n";

// Handlers that fail the test: nobody may be told.
SubscriptionHandlers silent() {
  SubscriptionHandlers handlers;
  handlers.on_event = [](const Event& /*event*/) { FAIL_CHECK("on_event"); };
  handlers.on_state = [](const StateChange& /*change*/) { FAIL_CHECK("on_state"); };
  handlers.on_end = [](const Error& /*error*/) { FAIL_CHECK("on_end"); };
  return handlers;
}

}  // namespace

TEST_CASE("life: a client without work lets the loop end, and its handles go with it") {
  TestLoop loop;
  bool is_closed = false;
  {
    Client client = open_client(loop, "http://127.0.0.1:9");
    CHECK(uv_run(loop.raw(), UV_RUN_DEFAULT) == 0);
    client.close([&] { is_closed = true; });
    CHECK_FALSE(is_closed);
  }
  CHECK(uv_run(loop.raw(), UV_RUN_DEFAULT) == 0);
  CHECK(is_closed);
}

TEST_CASE("life: a client that goes tells nobody, whatever it was doing") {
  TestLoop loop;
  ScriptedBroker broker(loop, {held_stream(kOpening), silence()});
  Subscription kept;
  {
    Client client = open_client(loop, broker.url());
    Recorder recorder;
    kept = client.subscribe(everything_of("t"), recorder.handlers());
    loop.run_until("the stream", [&] { return recorder.is_open(); });
    client.publish(event("t", "x"), [](const Result<Receipt>& /*r*/) { FAIL_CHECK("told"); });
    client.publish(event("t", "y"), [](const Result<Receipt>& /*r*/) { FAIL_CHECK("told"); });
    loop.run_until("the publish", [&] { return broker.requests().size() == 2; });
    client.publish(event("\xff", ""), [](const Result<Receipt>& /*r*/) { FAIL_CHECK("told"); });
    const Subscription never_started = client.subscribe(everything_of("t"), silent());
  }
  uv_run(loop.raw(), UV_RUN_DEFAULT);
  CHECK(kept.state() == State::kEnded);
  kept.pause();
  kept.resume();
  kept.close();
}

TEST_CASE("life: close() tells everybody, then that the handles are gone") {
  TestLoop loop;
  ScriptedBroker broker(loop, {held_stream(kOpening), silence(), silence()});
  Client client = open_client(loop, broker.url());
  Recorder recorder;
  const Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
  loop.run_until("the stream", [&] { return recorder.is_open(); });
  std::vector<Errc> codes;
  for (int i = 0; i < 3; ++i) {
    client.publish(event("t", "x"),
                   [&](const Result<Receipt>& r) { codes.push_back(r.error().code); });
  }
  Request request;
  request.path = "/topics";
  client.send(request, [&](const Result<Response>& r) { codes.push_back(r.error().code); });
  bool is_closed = false;
  client.close([&] {
    is_closed = true;
    CHECK(codes.size() == 4);
    CHECK(recorder.end.has_value());
  });
  CHECK(codes.empty());
  // Calls after close() do nothing.
  client.publish(event("t", "x"), [](const Result<Receipt>& /*r*/) { FAIL_CHECK("told"); });
  client.send(request, [](const Result<Response>& /*r*/) { FAIL_CHECK("told"); });
  CHECK(client.subscribe(everything_of("t"), silent()).state() == State::kEnded);
  loop.run_until("the end", [&] { return is_closed; });
  CHECK(codes == std::vector<Errc>(4, Errc::kClosed));
  CHECK(recorder.end->code == Errc::kClosed);
  CHECK(subscription.state() == State::kEnded);
}

TEST_CASE("life: it can be closed while it connects, waits and pauses") {
  TestLoop loop;
  ScriptedBroker broker(loop, {silence(), problem(503, "later"), held_stream(kOpening)});
  for (const State state : {State::kConnecting, State::kWaiting, State::kOpen}) {
    Client client = open_client(loop, broker.url());
    const size_t before = broker.requests().size();
    Recorder recorder;
    Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
    loop.run_until("the request", [&] { return broker.requests().size() > before; });
    loop.run_until("the state", [&] { return subscription.state() == state; });
    subscription.pause();
    bool is_closed = false;
    client.close([&] { is_closed = true; });
    loop.run_until("the end", [&] { return is_closed; });
  }
}

TEST_CASE("life: a subscription may be closed from each of its handlers") {
  for (const char* place : {"event", "gap", "comment", "open", "connecting"}) {
    TestLoop loop;
    ScriptedBroker broker(loop, {held_stream(kOpening + "data: x\n\nevent: ringcast.gap\n"
                                                        "data: {}\n\ndata: y\n\n")});
    Client client = open_client(loop, broker.url());
    std::optional<Subscription> subscription;
    int calls_after = 0;
    const auto close_at = [&](const std::string& here) {
      if (!subscription) {
        ++calls_after;
      } else if (here == place) {
        subscription.reset();  // Destroys the handlers, too, once they have returned.
      }
    };
    SubscriptionHandlers handlers;
    handlers.on_event = [&](const Event& /*event*/) { close_at("event"); };
    handlers.on_gap = [&](const Gap& /*gap*/) { close_at("gap"); };
    handlers.on_comment = [&](std::string_view /*comment*/) { close_at("comment"); };
    handlers.on_state = [&](const StateChange& change) {
      close_at(change.state == State::kOpen ? "open" : "connecting");
    };
    handlers.on_end = [&](const Error& /*error*/) { close_at("end"); };
    subscription = client.subscribe(everything_of("t"), std::move(handlers));
    loop.run_until("the close", [&] { return !subscription; });
    CHECK(calls_after == 0);
    CHECK(uv_run(loop.raw(), UV_RUN_NOWAIT) >= 0);
    CHECK(calls_after == 0);
  }
}

TEST_CASE("life: a client may be destroyed from each callback") {
  TestLoop loop;
  ScriptedBroker broker(
      loop, {held_stream(kOpening + "data: x\n\ndata: y\n\n"), answer(200, R"({"id":"e-1"})"),
             problem(503, "later"), problem(400, "no")});
  auto client = std::make_unique<Client>(open_client(loop, broker.url()));
  Subscription subscription;
  SubscriptionHandlers handlers;
  size_t events = 0;
  handlers.on_event = [&](const Event& /*event*/) {
    ++events;
    client.reset();
  };
  subscription = client->subscribe(everything_of("t"), handlers);
  loop.run_until("the event", [&] { return !client; });
  CHECK(events == 1);

  client = std::make_unique<Client>(open_client(loop, broker.url()));
  client->publish(event("t", "x"), [&](const Result<Receipt>& /*r*/) { client.reset(); });
  client->publish(event("t", "x"), [](const Result<Receipt>& /*r*/) { FAIL_CHECK("told"); });
  loop.run_until("the answer", [&] { return !client; });

  client = std::make_unique<Client>(open_client(loop, broker.url()));
  PublishOptions options;
  options.on_retry = [&](const Error& /*error*/, uint64_t /*wait_ms*/) { client.reset(); };
  client->publish(
      event("t", "x"), [](const Result<Receipt>& /*r*/) { FAIL_CHECK("told"); }, options);
  loop.run_until("the failure", [&] { return !client; });

  client = std::make_unique<Client>(open_client(loop, broker.url()));
  handlers.on_end = [&](const Error& /*error*/) { client.reset(); };
  subscription = client->subscribe(everything_of("t"), handlers);
  loop.run_until("the end", [&] { return !client; });

  client = std::make_unique<Client>(open_client(loop, broker.url()));
  for (int i = 0; i < 2; ++i) {  // The first to be told of the close destroys it.
    client->publish(event("t", "x"), [&](const Result<Receipt>& r) {
      CHECK(r.error().code == Errc::kClosed);
      CHECK(client);
      client.reset();
    });
  }
  bool is_closed = false;
  client->close([&] { is_closed = true; });
  loop.run_until("the close", [&] { return is_closed; });
}

TEST_CASE("life: handles move, and what they held before is closed") {
  TestLoop loop;
  ScriptedBroker broker(loop, {held_stream(kOpening), held_stream(kOpening + "data: x\n\n")});
  Client first = open_client(loop, broker.url());
  Client client = open_client(loop, "http://127.0.0.1:9");
  client = std::move(first);
  Recorder one;
  Recorder two;
  Subscription subscription = client.subscribe(everything_of("t"), one.handlers());
  loop.run_until("the first stream", [&] { return one.is_open(); });
  subscription = client.subscribe(everything_of("t"), two.handlers());
  loop.run_until("the second", [&] { return two.events.size() == 1; });
  CHECK(one.events.empty());
  CHECK_FALSE(one.end);
  Batch batch;
  REQUIRE_FALSE(batch.add(event("t", "x")));
  const Batch moved = std::move(batch);
  CHECK(moved.size() == 1);
  CHECK(batch.empty());  // NOLINT(bugprone-use-after-move): that is what it promises.
  REQUIRE_FALSE(batch.add(event("t", "y")));
  CHECK(batch.size() == 1);
}

TEST_CASE("life: options that are wrong are named") {
  TestLoop loop;
  for (const char* url :
       {"", "127.0.0.1:8080", "ftp://x", "http://", "unix:relative", "http://name:secret@x/"}) {
    ClientOptions options;
    options.url = url;
    const auto client = Client::open(loop.raw(), options);
    REQUIRE_FALSE(client);
    CHECK(client.error().code == Errc::kInvalid);
    CHECK(client.error().message.find("URL") != std::string::npos);
    CHECK(client.error().message.find("secret") == std::string::npos);
  }
  ClientOptions forged;
  forged.token = "a\r\nb";
  CHECK(Client::open(loop.raw(), forged).error().message.find("token") != std::string::npos);
  ClientOptions both;
  both.token = "a";
  both.token_source = [](const TokenReply& reply) { reply("b"); };
  CHECK(Client::open(loop.raw(), both).error().code == Errc::kInvalid);
}

}  // namespace ringcast::client::test::life_test
