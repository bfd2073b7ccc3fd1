#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "harness/daemon.h"
#include "harness/recorder.h"
#include "harness/relay.h"
#include "harness/scripted_broker.h"

namespace ringcast::client::test::subscribe_test {
namespace {

using Strings = std::vector<std::string>;

// The second half of an id; without other topics it counts their events.
size_t number_of(const std::string& id) {
  return std::stoul(id.substr(id.find('-') + 1));
}

const std::string kOpening = ": hello\nretry: 100\nid: e-0\n\n";

}  // namespace

TEST_CASE("subscribe: history first, then what comes, each once") {
  const Daemon broker;
  TestLoop loop;
  Client client = open_client(loop, broker.url());
  publish_numbers(loop, client, "t", 0, 100);
  Recorder recorder;
  const Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
  CHECK(recorder.changes.empty());  // Nobody is called from within a call.
  publish_numbers(loop, client, "t", 100, 200);
  loop.run_until("200 events", [&] { return recorder.events.size() >= 200; });
  CHECK(recorder.data() == numbers(0, 200));
  CHECK(subscription.state() == State::kOpen);
  CHECK(subscription.last_event_id() == recorder.events.back().id);
  REQUIRE(recorder.changes.size() == 2);
  CHECK(recorder.changes[0].state == State::kConnecting);
  CHECK(recorder.changes[1].state == State::kOpen);
  CHECK_FALSE(recorder.comments.empty());
}

TEST_CASE("subscribe: every option reaches the broker") {
  TestLoop loop;
  ScriptedBroker broker(loop, {held_stream(kOpening)});
  Client client = open_client(loop, broker.url() + "/prefix/");
  SubscribeOptions options;
  options.topics = {"a/**", "b c"};
  options.since = "-10";
  options.last_event_id = "e-5";
  options.types = {"x", "\xC3\xA4"};
  options.envelope = true;
  options.max_data = 1'000;
  const Subscription subscription = client.subscribe(options, {});
  loop.run_until("the stream", [&] { return subscription.state() == State::kOpen; });
  const SeenRequest& request = broker.requests().at(0);
  CHECK(request.method == "GET");
  CHECK(request.path ==
        "/prefix/events?topic=a%2F%2A%2A&topic=b%20c&since=-10&event=x&event=%C3%A4"
        "&envelope=true&max_data=1000");
  CHECK(request.header("accept") == "text/event-stream");
  CHECK(request.header("last-event-id") == "e-5");
  CHECK(request.header("user-agent").starts_with("ringcast-cpp/"));
}

TEST_CASE("subscribe: types, envelopes and events that are too large for the reader") {
  const Daemon broker;
  TestLoop loop;
  Client client = open_client(loop, broker.url());
  Publication typed = event("a/1", "wanted");
  typed.type = "e";
  REQUIRE(publish(loop, client, typed));
  REQUIRE(publish(loop, client, event("a/1", "not wanted")));
  typed.data = std::string(1'000, 'x');
  REQUIRE(publish(loop, client, typed));
  Recorder recorder;
  SubscribeOptions options = everything_of("a/*");
  options.types = {"e"};
  options.envelope = true;
  options.max_data = 500;
  const Subscription subscription = client.subscribe(options, recorder.handlers());
  loop.run_until("two events", [&] { return recorder.events.size() >= 2; });
  CHECK(recorder.events[0].data.find(R"("topic":"a/1")") != std::string::npos);
  CHECK(recorder.events[0].data.find(R"("data":"wanted")") != std::string::npos);
  CHECK(recorder.events[1].type == "ringcast.oversize");
}

TEST_CASE("subscribe: a connection cut at any place loses and doubles nothing") {
  const Daemon broker({"--set", "stream.retry=100ms"});
  TestLoop loop;
  Relay relay(loop, broker.port());
  Client publisher = open_client(loop, broker.url());
  publish_numbers(loop, publisher, "t", 0, 30);
  Client client = open_client(loop, relay.url());
  // The head has some 250 bytes, the stream some 1,300: each cut falls into another byte of them.
  size_t cut_at = 200;
  relay.cut_answers_after(cut_at);
  Recorder recorder;
  SubscriptionHandlers handlers = recorder.handlers();
  handlers.on_state = [&](const StateChange& change) {
    recorder.changes.push_back(change);
    if (change.state == State::kWaiting) {
      cut_at += 61;
      relay.cut_answers_after(cut_at);
    }
  };
  const Subscription subscription = client.subscribe(everything_of("t"), std::move(handlers));
  loop.run_until("30 events", [&] { return recorder.events.size() >= 30; });
  CHECK(recorder.data() == numbers(0, 30));
  CHECK(relay.connections() > 3);
  relay.cut_answers_after(std::nullopt);
  relay.cut();
  publish_numbers(loop, publisher, "t", 30, 60);
  loop.run_until("60 events", [&] { return recorder.events.size() >= 60; });
  CHECK(recorder.data() == numbers(0, 60));
  CHECK(recorder.gaps.empty());
}

TEST_CASE("subscribe: with a journal nothing is lost when the broker crashes and comes back") {
  Daemon broker({"--set", "journal.path={folder}/journal", "--set", "stream.retry=100ms"});
  TestLoop loop;
  Client client = open_client(loop, broker.unix_url());
  publish_numbers(loop, client, "t", 0, 50);
  Recorder recorder;
  const Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
  loop.run_until("50 events", [&] { return recorder.events.size() >= 50; });
  broker.kill();
  loop.run_until("a failed attempt", [&] {
    return !recorder.changes.empty() && recorder.changes.back().state == State::kWaiting &&
           recorder.changes.back().error.code == Errc::kNoConnection;
  });
  CHECK(recorder.changes.back().wait_ms >= 100);
  broker.start();
  publish_numbers(loop, client, "t", 50, 100);
  loop.run_until("100 events", [&] { return recorder.events.size() >= 100; });
  CHECK(recorder.data() == numbers(0, 100));
  CHECK(recorder.gaps.empty());
}

TEST_CASE("subscribe: a regular restart is waited out as the broker's retry says") {
  Daemon broker({"--set", "journal.path={folder}/journal", "--set", "stream.retry=100ms", "--set",
                 "drain=100ms"});
  TestLoop loop;
  Client client = open_client(loop, broker.unix_url());
  Recorder recorder;
  const Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
  loop.run_until("the stream", [&] { return recorder.is_open(); });
  broker.stop();
  broker.start();
  publish_numbers(loop, client, "t", 0, 10);
  loop.run_until("10 events", [&] { return recorder.events.size() >= 10; });
  CHECK(recorder.data() == numbers(0, 10));
  // The broker ended the stream in order: no error there.
  REQUIRE(recorder.changes.size() > 2);
  CHECK(recorder.changes[2].state == State::kWaiting);
  CHECK(recorder.changes[2].error.code == Errc::kNone);
}

TEST_CASE("subscribe: without a journal a restart is told as a gap") {
  Daemon broker({"--set", "stream.retry=100ms"});
  TestLoop loop;
  Client client = open_client(loop, broker.unix_url());
  publish_numbers(loop, client, "t", 0, 5);
  Recorder recorder;
  const Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
  loop.run_until("5 events", [&] { return recorder.events.size() >= 5; });
  const std::string last_id = subscription.last_event_id();
  broker.kill();
  broker.start();
  publish_numbers(loop, client, "t", 5, 10);
  loop.run_until("10 events", [&] { return recorder.events.size() >= 10; });
  CHECK(recorder.data() == numbers(0, 10));
  REQUIRE(recorder.gaps.size() == 1);
  CHECK(recorder.gaps[0].reason == "epoch");
  CHECK(recorder.gaps[0].requested == last_id);
  CHECK_FALSE(recorder.gaps[0].missed);
}

TEST_CASE("subscribe: what left the history while it was away is a gap with its number") {
  const Daemon broker(
      {"--set", "history.events=10", "--set", "history.grace=0", "--set", "stream.retry=100ms"});
  TestLoop loop;
  Relay relay(loop, broker.port());
  Client publisher = open_client(loop, broker.url());
  publish_numbers(loop, publisher, "t", 0, 5);
  Client client = open_client(loop, relay.url());
  Recorder recorder;
  const Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
  loop.run_until("5 events", [&] { return recorder.events.size() >= 5; });
  relay.be_silent(true);
  relay.cut();
  publish_numbers(loop, publisher, "t", 5, 100);
  relay.cut();
  relay.be_silent(false);
  loop.run_until("the newest event",
                 [&] { return recorder.events.back().data == std::to_string(99); });
  REQUIRE(recorder.gaps.size() == 1);
  CHECK(recorder.gaps[0].reason == "expired");
  CHECK(recorder.gaps[0].missed == 85U);
  CHECK(recorder.events.size() == 15);
}

TEST_CASE("subscribe: a reader that paused for too long is told what it missed, in mid-stream") {
  const Daemon broker({"--set", "history.events=10", "--set", "history.grace=0", "--set",
                       "stream.send_buffer=4KiB"});
  TestLoop loop;
  Client publisher = open_client(loop, broker.url());
  Client client = open_client(loop, broker.url());
  Recorder recorder;
  Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
  loop.run_until("the stream", [&] { return recorder.is_open(); });
  subscription.pause();
  const std::string padding(20'000, 'x');
  for (const std::string& number : numbers(0, 400)) {
    REQUIRE(publish(loop, publisher, event("t", number + " " + padding)));
  }
  CHECK(recorder.events.empty());
  subscription.resume();
  loop.run_until("the newest event", [&] {
    return !recorder.events.empty() && recorder.events.back().data.starts_with("399 ");
  });
  REQUIRE_FALSE(recorder.gaps.empty());
  size_t missed = 0;  // By the ids: after that many the broker itself does not know it any more.
  for (const Gap& gap : recorder.gaps) {
    CHECK(gap.reason == "lagged");
    missed += number_of(gap.resumed) - number_of(gap.requested);
  }
  CHECK(recorder.events.size() + missed == 400);
  CHECK(recorder.times(State::kOpen) == 1);
}

TEST_CASE("subscribe: without on_gap a gap comes as an event") {
  TestLoop loop;
  ScriptedBroker broker(
      loop, {held_stream(kOpening + "id: e-9\nevent: ringcast.gap\ndata: {\"missed\":1}\n\n")});
  Client client = open_client(loop, broker.url());
  Recorder recorder;
  SubscriptionHandlers handlers = recorder.handlers();
  handlers.on_gap = nullptr;
  const Subscription subscription = client.subscribe(everything_of("t"), std::move(handlers));
  loop.run_until("the event", [&] { return recorder.events.size() == 1; });
  CHECK(recorder.events[0].type == "ringcast.gap");
}

TEST_CASE("subscribe: while it pauses nothing comes, and then all of it") {
  const Daemon broker;
  TestLoop loop;
  Client client = open_client(loop, broker.url());
  publish_numbers(loop, client, "t", 0, 900);
  Recorder recorder;
  Subscription subscription;
  SubscriptionHandlers handlers = recorder.handlers();
  handlers.on_event = [&](Event event) {
    recorder.events.push_back(std::move(event));
    subscription.pause();  // After each: the rest of the same bytes must wait.
  };
  subscription = client.subscribe(everything_of("t"), std::move(handlers));
  for (size_t seen = 1; seen <= 900; ++seen) {
    loop.run_until("one more event", [&] { return recorder.events.size() >= seen; });
    REQUIRE(recorder.events.size() == seen);
    CHECK(subscription.last_event_id() == recorder.events.back().id);
    subscription.resume();
  }
  CHECK(recorder.data() == numbers(0, 900));
}

TEST_CASE("subscribe: what came before a pause is handed over even if its connection has ended") {
  TestLoop loop;
  ScriptedBroker broker(loop, {stream(kOpening + "id: e-1\ndata: a\n\nid: e-2\ndata: b\n\n"),
                               held_stream("id: e-3\ndata: c\n\n")});
  Client client = open_client(loop, broker.url());
  Recorder recorder;
  Subscription subscription;
  SubscriptionHandlers handlers = recorder.handlers();
  handlers.on_event = [&](Event event) {
    recorder.events.push_back(std::move(event));
    subscription.pause();
  };
  subscription = client.subscribe(everything_of("t"), std::move(handlers));
  for (size_t seen = 1; seen <= 3; ++seen) {
    loop.run_until("one more event", [&] { return recorder.events.size() >= seen; });
    subscription.resume();
  }
  CHECK(recorder.data() == Strings{"a", "b", "c"});
  CHECK(broker.requests()[1].header("last-event-id") == "e-2");
}

TEST_CASE("subscribe: a connection without a byte for too long is made again") {
  const Daemon broker({"--set", "stream.retry=100ms"});
  TestLoop loop;
  Relay relay(loop, broker.port());
  Client client = open_client(loop, relay.url());
  publish_numbers(loop, client, "t", 0, 5);
  Recorder recorder;
  SubscribeOptions options = everything_of("t");
  options.idle_timeout_ms = 300;
  relay.be_silent(true);
  relay.cut();
  const Subscription subscription = client.subscribe(options, recorder.handlers());
  loop.run_until("a timeout", [&] { return recorder.times(State::kWaiting) >= 1; });
  CHECK(recorder.changes.back().error.code == Errc::kTimeout);
  relay.be_silent(false);
  loop.run_until("the events", [&] { return recorder.events.size() >= 5; });
  const size_t opened = recorder.times(State::kOpen);
  loop.run_until("the next silence", [&] { return recorder.times(State::kOpen) > opened; });
  CHECK(recorder.data() == numbers(0, 5));
}

TEST_CASE("subscribe: heartbeats keep a quiet stream") {
  const Daemon broker({"--set", "stream.heartbeat=100ms"});
  TestLoop loop;
  Client client = open_client(loop, broker.url());
  Recorder recorder;
  SubscribeOptions options = everything_of("t");
  options.idle_timeout_ms = 5'000;
  const Subscription subscription = client.subscribe(options, recorder.handlers());
  loop.run_until("the stream", [&] { return recorder.is_open(); });
  const std::string first = subscription.last_event_id();
  Client publisher = open_client(loop, broker.url());
  REQUIRE(publish(loop, publisher, event("other", "x")));
  loop.run_until("a heartbeat", [&] { return subscription.last_event_id() != first; });
  CHECK(recorder.events.empty());
  CHECK(recorder.times(State::kOpen) == 1);
}

TEST_CASE("subscribe: retry and the last id lead to the next connection") {
  TestLoop loop;
  ScriptedBroker broker(
      loop, {stream(kOpening + "id: e-1\ndata: a\n\nid: e-2\ndata: cut"),
             stream("retry: 150\n\nid: e-3\n\n"), cut(), held_stream("id: e-4\ndata: b\n\n")});
  Client client = open_client(loop, broker.url());
  Recorder recorder;
  const Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
  loop.run_until("two events", [&] { return recorder.events.size() >= 2; });
  Strings ids;
  for (const SeenRequest& request : broker.requests()) {
    ids.push_back(request.header("last-event-id"));
  }
  CHECK(ids == Strings{"", "e-1", "e-3", "e-3"});
  std::vector<uint64_t> waits;
  for (const StateChange& change : recorder.changes) {
    if (change.state == State::kWaiting) {
      waits.push_back(change.wait_ms);
    }
  }
  REQUIRE(waits.size() == 3);
  CHECK((waits[0] >= 100 && waits[0] <= 125));
  CHECK((waits[1] >= 150 && waits[1] <= 187));
  CHECK(waits[2] >= 150);
}

TEST_CASE("subscribe: a busy broker is asked again, not before Retry-After") {
  TestLoop loop;
  ScriptedBroker broker(
      loop, {problem(503, "starting", "Retry-After: 1\r\n"), held_stream("data: x\n\n")});
  Client client = open_client(loop, broker.url());
  Recorder recorder;
  const Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
  loop.run_until("the event", [&] { return recorder.events.size() == 1; });
  REQUIRE(recorder.changes.size() >= 2);
  CHECK(recorder.changes[1].state == State::kWaiting);
  CHECK(recorder.changes[1].error.status == 503);
  CHECK(recorder.changes[1].wait_ms >= 1'000);
}

TEST_CASE("subscribe: it gives up when there was no connection for long enough") {
  TestLoop loop;
  Client client = open_client(loop, "unix:/nowhere/at/all");
  Recorder recorder;
  SubscribeOptions options = everything_of("t");
  options.retry_for_ms = 0;
  const Subscription subscription = client.subscribe(options, recorder.handlers());
  loop.run_until("the end", [&] { return recorder.end.has_value(); });
  CHECK(recorder.end->code == Errc::kNoConnection);
  CHECK(recorder.end->message.starts_with("cannot connect to unix:/nowhere/at/all: "));
  CHECK(subscription.state() == State::kEnded);
  CHECK(recorder.changes.back().state == State::kEnded);
}

TEST_CASE("subscribe: refusals are final, in the broker's words") {
  for (const int status : {400, 401, 403, 404}) {
    TestLoop loop;
    ScriptedBroker broker(loop, {problem(status, "because")});
    Client client = open_client(loop, broker.url());
    Recorder recorder;
    const Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
    loop.run_until("the end", [&] { return recorder.end.has_value(); });
    CHECK(recorder.end->code == Errc::kRefused);
    CHECK(recorder.end->status == status);
    CHECK(recorder.end->problem.detail == "because");
    CHECK(broker.requests().size() == 1);
  }
}

TEST_CASE("subscribe: a pattern that is none is refused by the real broker") {
  const Daemon broker;
  TestLoop loop;
  Client client = open_client(loop, broker.url());
  Recorder recorder;
  const Subscription subscription = client.subscribe(everything_of("a*b"), recorder.handlers());
  loop.run_until("the end", [&] { return recorder.end.has_value(); });
  CHECK(recorder.end->status == 400);
  CHECK(recorder.end->problem.field == "topic");
}

TEST_CASE("subscribe: what is no event stream ends it") {
  for (const Step& step : {answer(200, "<html>", "text/html"), answer(204), answer(302)}) {
    TestLoop loop;
    ScriptedBroker broker(loop, {step});
    Client client = open_client(loop, broker.url());
    Recorder recorder;
    const Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
    loop.run_until("the end", [&] { return recorder.end.has_value(); });
    CHECK_FALSE(recorder.end->is_transient);
    CHECK(recorder.end->status != 0);
  }
}

TEST_CASE("subscribe: an event over the limit ends it, since it would come again") {
  const Daemon broker;
  TestLoop loop;
  Client client = open_client(loop, broker.url());
  REQUIRE(publish(loop, client, event("t", "small")));
  REQUIRE(publish(loop, client, event("t", std::string(5'000, 'x'))));
  Recorder recorder;
  SubscribeOptions options = everything_of("t");
  options.max_event_bytes = 1'000;
  const Subscription subscription = client.subscribe(options, recorder.handlers());
  loop.run_until("the end", [&] { return recorder.end.has_value(); });
  CHECK(recorder.end->code == Errc::kTooLarge);
  CHECK(recorder.data() == Strings{"small"});
}

TEST_CASE("subscribe: what cannot be sent is refused, and not from within the call") {
  TestLoop loop;
  Client client = open_client(loop, "http://127.0.0.1:9");
  Recorder none;
  Recorder forged;
  SubscribeOptions options = everything_of("t");
  options.last_event_id = "e-1\r\nX: y";
  const Subscription first = client.subscribe({}, none.handlers());
  const Subscription second = client.subscribe(options, forged.handlers());
  CHECK_FALSE(none.end);
  loop.run_until("both ends", [&] { return none.end && forged.end; });
  CHECK(none.end->code == Errc::kInvalid);
  CHECK(forged.end->code == Errc::kInvalid);
}

}  // namespace ringcast::client::test::subscribe_test
