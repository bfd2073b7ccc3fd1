#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/fanout.h"
#include "sse/blocks.h"
#include "support/fake_clock.h"

namespace ringcast::server::server_fanout_test {
namespace {

using Names = std::vector<std::string>;

// A socket that takes so many bytes and no more.
struct TestSink final : FrameSink {
  size_t write(std::span<const std::string_view> pieces) override {
    ++writes;
    size_t taken = 0;
    for (const std::string_view piece : pieces) {
      const size_t part = std::min(piece.size(), room);
      first_bytes.push_back(piece.data());
      text.append(piece.substr(0, part));
      room -= room == SIZE_MAX ? 0 : part;
      taken += part;
    }
    return taken;
  }
  void end() override { has_ended = true; }
  // What came since the last call.
  std::string take() { return std::exchange(text, {}); }

  std::string text;
  std::vector<const char*> first_bytes;
  size_t room = SIZE_MAX;
  int writes = 0;
  bool has_ended = false;
};

struct TestFanout {
  explicit TestFanout(topics::Policy policy = {.grace_ms = 0})
      : hub(options_of(policy), "e", clock), fanout(hub, 0, {}) {}

  static Options options_of(const topics::Policy& policy) {
    Options options;
    options.policies.fallback = policy;
    return options;
  }
  void publish(Names topics, std::string_view data = "x", std::string_view type = "") {
    std::vector<Draft> drafts(1);
    drafts[0].event = sse::Event::encode({.type = type, .data = data}, std::move(topics));
    REQUIRE(hub.publish(drafts, "", Hub::kNoWorker));
  }
  void comment(Names topics) {
    std::vector<Draft> drafts(1);
    drafts[0].comment = hub.budget().hold(sse::comment_block("psst"));
    drafts[0].comment_topics = std::move(topics);
    REQUIRE(hub.publish(drafts, "", Hub::kNoWorker));
  }

  FakeClock clock;
  Hub hub;
  Fanout fanout;
};

SubscriptionSpec to(Names patterns, std::string id = "") {
  SubscriptionSpec spec;
  spec.patterns = std::move(patterns);
  spec.start.last_event_id = std::move(id);
  return spec;
}

// A stream, and what its socket got.
struct Stream {
  Stream(TestFanout& at, const SubscriptionSpec& spec, size_t room = SIZE_MAX) : test(at) {
    sink.room = room;
    REQUIRE(test.fanout.open(subscriber, sink, spec, "HEAD\r\n\r\n"));
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { test.fanout.close(subscriber); }

  void drain(size_t room = SIZE_MAX) {
    sink.room = room;
    test.fanout.on_writable(subscriber);
  }

  TestFanout& test;
  TestSink sink;
  Subscriber subscriber;
};

std::string head_at(const std::string& id) {
  return "HEAD\r\n\r\n" + sse::first_block(3000, id, false);
}
std::string event_at(uint64_t seq, const std::string& data = "x") {
  return "id: e-" + std::to_string(seq) + "\ndata: " + data + "\n\n";
}
std::string gap(uint64_t requested, uint64_t resumed, sse::GapReason reason,
                std::optional<uint64_t> missed) {
  return sse::gap_block({.requested = "e-" + std::to_string(requested),
                         .resumed = "e-" + std::to_string(resumed),
                         .reason = reason,
                         .missed = missed});
}

TEST_CASE("server: head, first block and replay leave in one write") {
  TestFanout test;
  test.publish({"a"});
  test.publish({"a"});
  Stream stream(test, to({"a"}, "e-0"));
  CHECK_FALSE(test.fanout.turn());
  CHECK(stream.sink.take() == head_at("e-0") + event_at(1) + event_at(2));
  CHECK(stream.sink.writes == 1);
}

TEST_CASE("server: readers at the same place of the same group share one slice") {
  TestFanout test;
  Stream first(test, to({"a"}));
  Stream second(test, to({"a"}));
  test.fanout.turn();
  test.publish({"a"});
  test.publish({"a"});
  test.fanout.turn();
  CHECK(first.sink.first_bytes.back() == second.sink.first_bytes.back());
  CHECK(first.sink.text.ends_with(event_at(1) + event_at(2)));
  CHECK(second.sink.text.ends_with(event_at(1) + event_at(2)));
}

TEST_CASE("server: who asks for something else is of another group, whatever bytes that has") {
  TestFanout test;
  SubscriptionSpec two = to({"a"});
  two.types = {"paid", "sent"};
  SubscriptionSpec odd = to({"a"});
  odd.types = {"paid\nsent"};
  Stream first(test, odd);
  Stream second(test, two);
  CHECK(first.subscriber.group != second.subscriber.group);
  test.fanout.turn();
  test.publish({"a"}, "x", "sent");
  test.fanout.turn();
  CHECK(second.sink.text.find("event: sent") != std::string::npos);
  CHECK(first.sink.text.find("event: sent") == std::string::npos);
}

TEST_CASE("server: a reader whose first block was cut gets its rest first") {
  const std::string expected = head_at("e-0") + event_at(1);
  for (size_t room = 0; room < expected.size(); ++room) {
    CAPTURE(room);
    TestFanout test;
    test.publish({"a"});
    Stream stream(test, to({"a"}, "e-0"), room);
    test.fanout.turn();
    CHECK(stream.subscriber.is_blocked());
    stream.drain();
    test.fanout.turn();
    CHECK(stream.sink.text == expected);
    CHECK(stream.subscriber.is_at_tail);
  }
}

TEST_CASE("server: a reader may be cut anywhere, again and again, and loses nothing") {
  TestFanout test;
  const Stream keeper(test, to({"a"}));  // So that the topic is not forgotten.
  for (int left = 3; left > 0; --left) {
    test.publish({"a"}, "data");
  }
  test.hub.clear("a");
  for (int left = 3; left > 0; --left) {
    test.publish({"a"}, "data");
  }
  const std::string expected = head_at("e-0") + gap(0, 3, sse::GapReason::kDeleted, 3) +
                               event_at(4, "data") + event_at(5, "data") + event_at(6, "data");
  for (size_t piece = 1; piece < 60; ++piece) {
    CAPTURE(piece);
    Stream stream(test, to({"a"}, "e-0"), piece);
    for (size_t steps = 2 * expected.size(); steps > 0 && !stream.subscriber.is_at_tail; --steps) {
      test.fanout.turn();
      stream.drain(piece);
    }
    CHECK(stream.sink.text == expected);
  }
}

TEST_CASE("server: a blocked reader keeps only the event that was cut") {
  TestFanout test;
  for (int left = 5; left > 0; --left) {
    test.publish({"a"}, std::string(1000, 'x'));
  }
  Stream stream(test, to({"a"}, "e-0"), head_at("e-0").size() + 10);
  test.fanout.turn();
  CHECK(stream.subscriber.reader.cursor == 1);
  CHECK(stream.subscriber.rest.bytes.size() == event_at(1, std::string(1000, 'x')).size() - 10);
}

TEST_CASE("server: a laggard is told what it has lost, and goes on") {
  TestFanout test({.events = 2, .grace_ms = 0});
  Stream stream(test, to({"a"}));
  test.fanout.turn();
  stream.sink.room = 0;
  test.publish({"a"});
  test.fanout.turn();
  for (int left = 4; left > 0; --left) {
    test.publish({"a"});
    test.fanout.turn();
  }
  stream.sink.take();
  stream.drain();
  test.fanout.turn();
  CHECK(stream.sink.take() ==
        event_at(1) + gap(1, 3, sse::GapReason::kLagged, 2) + event_at(4) + event_at(5));
  CHECK(test.fanout.counts().gaps[static_cast<size_t>(sse::GapReason::kLagged)].value() == 1);
  CHECK(test.fanout.counts().deliveries.value() == 3);
}

TEST_CASE("server: a laggard of a strict topic is disconnected at the border of an event") {
  TestFanout test({.events = 1, .grace_ms = 0, .lagged = topics::Lagged::kDisconnect});
  Stream stream(test, to({"a"}));
  test.fanout.turn();
  stream.sink.room = 0;
  for (int left = 3; left > 0; --left) {
    test.publish({"a"});
    test.fanout.turn();
  }
  stream.sink.take();
  stream.drain();
  test.fanout.turn();
  CHECK(stream.sink.text.starts_with(event_at(1) + "retry: 3000\n: lagged"));
  CHECK(stream.sink.has_ended);
  CHECK(test.fanout.counts().lagged_out.value() == 1);
}

TEST_CASE("server: a resume below the tail gets the gap, never a disconnect") {
  TestFanout test({.events = 1, .grace_ms = 0, .lagged = topics::Lagged::kDisconnect});
  test.publish({"a"});
  test.publish({"a"});
  Stream stream(test, to({"a"}, "e-0"));
  test.fanout.turn();
  CHECK(stream.sink.take() ==
        head_at("e-0") + gap(0, 1, sse::GapReason::kExpired, 1) + event_at(2));
}

TEST_CASE("server: a place that is unknown is told before everything that is retained") {
  TestFanout test;
  test.publish({"a"});
  Stream stream(test, to({"a"}, "garbage"));
  test.fanout.turn();
  CHECK(stream.sink.take() == head_at("") +
                                  sse::gap_block({.requested = "garbage",
                                                  .resumed = "e-0",
                                                  .reason = sse::GapReason::kUnknown,
                                                  .missed = std::nullopt}) +
                                  event_at(1));
}

TEST_CASE("server: a bulk larger than the ring reaches a reader that has only just opened") {
  TestFanout test({.events = 10, .grace_ms = 0});
  Stream stream(test, to({"a"}));
  std::vector<Draft> drafts(2000);
  for (Draft& draft : drafts) {
    draft.event = sse::Event::encode({.data = "x"}, {"a"});
  }
  REQUIRE(test.hub.publish(drafts, "", Hub::kNoWorker));
  while (test.fanout.turn()) {
    test.hub.sweep(10);
  }
  CHECK(test.fanout.counts().deliveries.value() == 2000);
  CHECK(stream.sink.text.find("ringcast.gap") == std::string::npos);
  test.hub.sweep(10);
  CHECK(test.hub.view("a")->events == 10);
}

TEST_CASE("server: a heartbeat says the position, but only of who has everything") {
  TestFanout test;
  Stream stream(test, to({"a"}));
  CHECK_FALSE(test.fanout.heartbeat(stream.subscriber));
  test.fanout.turn();
  test.publish({"a"});
  test.publish({"b"});
  test.fanout.turn();
  stream.sink.take();
  CHECK(test.fanout.heartbeat(stream.subscriber));
  CHECK(stream.sink.take() == sse::id_block("e-2"));
  stream.sink.room = 3;
  test.publish({"a"});
  test.fanout.turn();
  CHECK_FALSE(test.fanout.heartbeat(stream.subscriber));
}

TEST_CASE("server: after a refresh a heartbeat knows of events in other topics") {
  TestFanout test;
  Stream stream(test, to({"a"}));
  test.fanout.turn();
  test.publish({"b"});
  test.fanout.refresh();
  stream.sink.take();
  CHECK(test.fanout.heartbeat(stream.subscriber));
  CHECK(stream.sink.take() == sse::id_block("e-1"));
  test.publish({"a"});
  test.fanout.refresh();
  CHECK_FALSE(test.fanout.heartbeat(stream.subscriber));
}

TEST_CASE("server: comments go to caught-up, writable readers of the topic only") {
  TestFanout test;
  Stream reader(test, to({"a"}));
  Stream blocked(test, to({"a"}));
  Stream other(test, to({"b"}));
  test.fanout.turn();
  blocked.sink.room = 0;
  test.publish({"a"});
  test.fanout.turn();
  for (Stream* stream : {&reader, &blocked, &other}) {
    stream->sink.take();
  }
  test.comment({"a"});
  test.fanout.turn();
  CHECK(reader.sink.take() == ": psst\n\n");
  CHECK(other.sink.take().empty());
  blocked.drain();
  test.fanout.turn();
  CHECK(blocked.sink.take() == event_at(1));
}

TEST_CASE("server: a group may go between a refresh and the comments that it brought") {
  TestFanout test;
  {
    Stream stream(test, to({"a"}));
    test.fanout.turn();
    test.comment({"a"});
    test.fanout.refresh();
  }
  CHECK_FALSE(test.fanout.turn());
}

TEST_CASE("server: a stream ends at the border of an event") {
  TestFanout test;
  Stream stream(test, to({"a"}));
  test.fanout.turn();
  stream.sink.take();
  stream.sink.room = 4;
  test.publish({"a"});
  test.fanout.turn();
  test.fanout.end(stream.subscriber, 1234, "draining");
  CHECK_FALSE(stream.sink.has_ended);
  stream.drain(event_at(1).size());
  CHECK_FALSE(stream.sink.has_ended);
  stream.drain();
  CHECK(stream.sink.has_ended);
  CHECK(stream.sink.take() == event_at(1) + sse::end_block(1234, "draining"));
  test.publish({"a"});
  test.fanout.turn();
  CHECK(stream.sink.take().empty());
}

TEST_CASE("server: a stream that ends before its first turn has a head") {
  TestFanout test;
  Stream stream(test, to({"a"}));
  test.fanout.end(stream.subscriber, 1234, "draining");
  CHECK(stream.sink.has_ended);
  CHECK(stream.sink.take() == head_at("e-0") + sse::end_block(1234, "draining"));
}

TEST_CASE("server: an envelope names the first topic that the subscription matches") {
  TestFanout test;
  SubscriptionSpec spec = to({"b/*"});
  spec.rendering.envelope = true;
  Stream stream(test, spec);
  test.fanout.turn();
  stream.sink.take();
  test.publish({"a", "b/2", "b/1"}, "hello");
  test.fanout.turn();
  CHECK(stream.sink.text.find("\"topic\":\"b/2\"") != std::string::npos);
  CHECK(stream.sink.text.find("\"data\":\"hello\"") != std::string::npos);
}

TEST_CASE("server: data longer than a device can take is replaced, up to its limit it is not") {
  TestFanout test;
  SubscriptionSpec spec = to({"a"});
  spec.rendering.max_data = 5;
  Stream stream(test, spec);
  test.fanout.turn();
  stream.sink.take();
  for (const char* data : {"1234", "12345", "123456"}) {
    test.publish({"a"}, data);
  }
  test.fanout.turn();
  CHECK(stream.sink.take() == event_at(1, "1234") + event_at(2, "12345") +
                                  "id: e-3\nevent: ringcast.oversize\ndata: {\"bytes\":6}\n\n");
}

TEST_CASE("server: a subscriber that cannot be opened leaves nothing behind") {
  Options options;
  options.memory_bytes = 4096;
  FakeClock clock;
  Hub hub(options, "e", clock);
  Fanout fanout(hub, 0, {});
  const topics::BytesRef ballast = hub.budget().hold(std::string(4096, 'x'));
  TestSink sink;
  Subscriber subscriber;
  CHECK_FALSE(fanout.open(subscriber, sink, to({"a", "b/*"}), "HEAD"));
  CHECK(subscriber.group == nullptr);
  CHECK(hub.counts().topics == 0);
}

TEST_CASE("server: a crowd that catches up does not hold up who is live") {
  TestFanout test;
  Stream live(test, to({"live"}));
  for (int count = 0; count < 10; ++count) {
    test.publish({"past"}, std::string(60'000, 'x'));
  }
  test.fanout.turn();
  live.sink.take();
  std::vector<std::unique_ptr<Stream>> crowd;
  for (int count = 0; count < 200; ++count) {
    crowd.push_back(std::make_unique<Stream>(test, to({"past"}, "e-0")));
  }
  test.publish({"live"});
  CHECK(test.fanout.turn());
  CHECK(live.sink.take() == event_at(11));
  const auto waiting = std::count_if(crowd.begin(), crowd.end(),
                                     [](const auto& each) { return each->sink.writes == 0; });
  CHECK(waiting > 100);  // The turn was short,
  CHECK(waiting < 200);  // but not empty for them.
  while (test.fanout.turn()) {
  }
  for (const auto& each : crowd) {
    CHECK(each->subscriber.is_at_tail);
    CHECK(each->sink.text.size() > 600'000);
  }
}

TEST_CASE("server: a group that the last turn did not reach is served first in the next") {
  TestFanout test;
  std::vector<std::unique_ptr<Stream>> large;
  for (int count = 0; count < 5000; ++count) {
    large.push_back(std::make_unique<Stream>(test, to({"large"})));
  }
  Stream small(test, to({"small"}));
  while (test.fanout.turn()) {
  }
  small.sink.take();
  test.publish({"large"});
  test.publish({"small"});
  CHECK(test.fanout.turn());
  CHECK(small.sink.text.empty());
  test.publish({"large"});  // There is always more for the large group,
  test.fanout.turn();
  CHECK(small.sink.take() == event_at(2));  // which does not keep out the small one.
}

TEST_CASE("server: memory comes back when the readers have gone") {
  TestFanout test;
  const int64_t before = test.hub.budget().used();
  {
    Stream stream(test, to({"a", "b/*"}), 20);
    test.publish({"a"});
    test.fanout.turn();
    CHECK(test.hub.budget().used() > before);
    test.hub.clear("a");
  }
  test.fanout.turn();
  test.hub.sweep(10);
  CHECK(test.hub.counts().topics == 0);
  CHECK(test.hub.budget().used() <= before + 300);  // The tombstone.
}

TEST_CASE(
    "server: what a group's token selects counts as memory, once, until its readers have gone") {
  TestFanout test;
  const auto selectors = std::make_shared<const topics::Selectors>(
      Names(100, std::string(1000, 'x')),
      std::vector<topics::MatcherRef>{std::make_shared<const topics::Matcher>(
          "template", "t", "", [](std::string_view /*name*/) { return true; },
          topics::Matcher::Cost{.memory = 50'000})});
  SubscriptionSpec spec = to({"a"});
  spec.private_topics = selectors;
  const int64_t before = test.hub.budget().used();
  {
    Stream first(test, spec);
    const int64_t one = test.hub.budget().used();
    CHECK(one > before + 50'000);
    Stream second(test, spec);
    CHECK(test.hub.budget().used() < one + 10'000);
  }
  CHECK(test.hub.budget().used() < before + 10'000);
}

}  // namespace
}  // namespace ringcast::server::server_fanout_test
