// What the fan-out counts for the metrics.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "server/fanout.h"
#include "support/fake_clock.h"
#include "support/fake_journal.h"

namespace ringcast::server::server_fanout_counts_test {
namespace {

// A socket that takes so many bytes and no more.
struct Socket final : FrameSink {
  size_t write(std::span<const std::string_view> pieces) override {
    size_t taken = 0;
    for (const std::string_view piece : pieces) {
      taken += std::min(piece.size(), room - taken);
    }
    room -= room == SIZE_MAX ? 0 : taken;
    return taken;
  }
  void end() override {}

  size_t room = SIZE_MAX;
};

uint64_t observations(const DurationHistogram& histogram) {
  uint64_t count = 0;
  for (size_t bucket = 0; bucket < DurationHistogram::kBuckets; ++bucket) {
    count += histogram.count(bucket);
  }
  return count;
}

struct Desk {
  Desk() : hub({}, "e", clock), fanout(hub, 0, {}) {}
  explicit Desk(topics::Journal& journal) : hub({}, journal, clock), fanout(hub, 0, {}) {
    REQUIRE(hub.restore([](uint64_t, uint64_t) {}));
  }

  void publish(const char* topic = "a") {
    std::vector<Draft> drafts(1);
    drafts[0].event = sse::Event::encode({.data = "some data"}, {topic});
    REQUIRE(hub.publish(drafts, "", Hub::kNoWorker));
  }
  void submit() {
    std::vector<Draft> drafts(1);
    drafts[0].event = sse::Event::encode({.data = "some data"}, {"a"});
    REQUIRE(hub.submit(drafts, "", {}, [](const Result<Receipt>&, const std::vector<Draft>&) {}));
  }
  [[nodiscard]] uint64_t lags() const { return observations(fanout.counts().lag.durations()); }
  [[nodiscard]] uint64_t lag_ms() const { return fanout.counts().lag.durations().sum_us() / 1000; }
  [[nodiscard]] uint64_t blocked() const {
    return fanout.counts().blocked.value() - fanout.counts().unblocked.value();
  }

  FakeClock clock;
  Hub hub;
  Fanout fanout;
};

struct Stream {
  explicit Stream(Desk& at, const char* topic = "a", const std::string& id = "") : desk(at) {
    SubscriptionSpec spec;
    spec.patterns = {topic};
    spec.start.last_event_id = id;
    REQUIRE(desk.fanout.open(subscriber, socket, spec, "HEAD"));
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { desk.fanout.close(subscriber); }

  void drain() {
    socket.room = SIZE_MAX;
    desk.fanout.on_writable(subscriber);
  }

  Desk& desk;
  Socket socket;
  Subscriber subscriber;
};

TEST_CASE("server: each live subscriber's write counts with the age of its oldest event") {
  Desk desk;
  const Stream first(desk);
  const Stream second(desk);
  desk.fanout.turn();
  CHECK(desk.lags() == 0);  // The head is no event.
  desk.publish();
  desk.clock.advance(30);
  desk.publish();
  desk.clock.advance(20);
  desk.fanout.turn();
  CHECK(desk.lags() == 2);
  CHECK(desk.lag_ms() == 2 * 50);
}

TEST_CASE("server: more live subscribers than a batch are all counted in the turn") {
  Desk desk;
  std::vector<std::unique_ptr<Stream>> streams;
  for (size_t stream = 0; stream < 2 * DeliveryLag::kBatch + 1; ++stream) {
    streams.push_back(std::make_unique<Stream>(desk));
  }
  desk.fanout.turn();
  desk.publish();
  desk.fanout.turn();
  CHECK(desk.lags() == streams.size());
}

TEST_CASE("server: what is replayed has no lag, what comes live afterwards has") {
  Desk desk;
  desk.publish();
  desk.clock.advance(5000);
  const Stream stream(desk, "a", "e-0");
  desk.fanout.turn();
  CHECK(desk.fanout.counts().deliveries.value() == 1);
  CHECK(desk.lags() == 0);
  desk.publish();
  desk.fanout.turn();
  CHECK(desk.lags() == 1);
  CHECK(desk.lag_ms() == 0);
}

TEST_CASE("server: a slow live subscriber's lag is that of the event that it gets late") {
  Desk desk;
  Stream stream(desk);
  desk.fanout.turn();
  stream.socket.room = 5;
  desk.publish();
  desk.fanout.turn();
  CHECK(desk.lags() == 1);
  desk.publish();
  desk.fanout.turn();
  CHECK(desk.lags() == 1);
  desk.clock.advance(700);
  stream.drain();
  desk.fanout.turn();
  CHECK(desk.lags() == 2);
  CHECK(desk.lag_ms() == 700);
}

TEST_CASE("server: with a journal the lag begins before the event is written") {
  FakeJournal journal;
  Desk desk(journal);
  const Stream stream(desk);
  desk.fanout.turn();
  desk.submit();
  desk.clock.advance(40);
  REQUIRE(desk.hub.commit());
  desk.clock.advance(2);
  desk.fanout.turn();
  CHECK(desk.lags() == 1);
  CHECK(desk.lag_ms() == 42);
}

TEST_CASE("server: each group that is written counts, also one that fails, and none without need") {
  FakeJournal journal;
  Desk desk(journal);
  desk.submit();
  desk.submit();
  REQUIRE(desk.hub.commit());
  CHECK(observations(desk.hub.journal_writes()) == 1);
  REQUIRE(desk.hub.commit());
  CHECK(observations(desk.hub.journal_writes()) == 1);
  journal.failure = Error{.code = Errc::kStorage};
  desk.submit();
  REQUIRE_FALSE(desk.hub.commit());
  CHECK(observations(desk.hub.journal_writes()) == 2);
}

TEST_CASE("server: a socket counts as full until it takes more") {
  Desk desk;
  Stream stream(desk);
  const Stream other(desk, "b");
  desk.fanout.turn();
  stream.socket.room = 5;
  desk.publish();
  desk.publish("b");
  desk.fanout.turn();
  CHECK(desk.blocked() == 1);
  stream.socket.room = 1;
  desk.fanout.on_writable(stream.subscriber);
  CHECK(desk.blocked() == 1);
  stream.drain();
  CHECK(desk.blocked() == 0);
  desk.fanout.turn();
  CHECK(desk.blocked() == 0);
}

TEST_CASE("server: a stream that closes with a full socket does not count any more") {
  Desk desk;
  {
    Stream stream(desk);
    desk.fanout.turn();
    stream.socket.room = 5;
    desk.publish();
    desk.fanout.turn();
    CHECK(desk.blocked() == 1);
  }
  CHECK(desk.blocked() == 0);
}

TEST_CASE("server: a head that a socket does not take makes it full once") {
  Desk desk;
  Stream stream(desk);
  stream.socket.room = 2;
  desk.fanout.turn();
  CHECK(desk.blocked() == 1);
  desk.fanout.end(stream.subscriber, 1000, "draining");
  stream.drain();
  CHECK(desk.blocked() == 0);
}

}  // namespace
}  // namespace ringcast::server::server_fanout_counts_test
