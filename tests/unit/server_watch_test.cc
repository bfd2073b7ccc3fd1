#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "server/hub.h"
#include "server/top_list.h"
#include "server/topic_scan.h"
#include "server/watch.h"
#include "support/fake_clock.h"

namespace ringcast::server::server_watch_test {
namespace {

bool is_larger(const int& one, const int& other) {
  return one > other;
}

struct Desk {
  explicit Desk(Options options = made()) : hub(options, "e", clock) {}
  static Options made() {
    Options options;
    options.policies.fallback.grace_ms = 0;
    return options;
  }

  uint64_t publish(std::vector<std::string> topics) {
    std::vector<Draft> drafts(1);
    drafts[0].event = sse::Event::encode({.data = "x"}, std::move(topics));
    REQUIRE(hub.publish(drafts, {}, Hub::kNoWorker));
    return ++seq;
  }
  void publish(const std::string& topic, int count) {
    for (int nth = 0; nth < count; ++nth) {
      publish({topic});
    }
  }
  // One whole walk.
  std::vector<BusyTopic> walk(TopicScan& scan, size_t at_once = 1000) {
    while (!hub.scan(scan, at_once)) {
    }
    return scan.finish(clock.steady_ms());
  }

  FakeClock clock;
  Hub hub;
  uint64_t seq = 0;
};

// Leaves the hub by itself.
struct Reader : topics::Interest {
  Reader(Hub& its_hub, std::vector<std::string> wanted) : hub(its_hub) {
    patterns = std::move(wanted);
    readers = 1;
    REQUIRE(hub.open(*this, {}));
  }
  ~Reader() { hub.leave(*this); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  Hub& hub;
};

TEST_CASE("server: a top list keeps the first ones in order, whatever order they come in") {
  TopList<int, is_larger> list(3);
  for (const int item : {4, 1, 9, 7, 7, 2}) {
    list.add(item);
  }
  CHECK_FALSE(list.would_keep(4));
  CHECK(list.would_keep(8));
  CHECK(list.take() == std::vector{9, 7, 7});
  CHECK(list.take().empty());
}

TEST_CASE("server: notices beyond those that are kept are counted, and not even made") {
  Watch watch;
  watch.want({.refusals = true});
  size_t made = 0;
  for (size_t nth = 0; nth < Watch::kMostNotices + 5; ++nth) {
    watch.note_refusal([&] {
      ++made;
      return RefusalNotice{.status = 404};
    });
  }
  CHECK(made == Watch::kMostNotices);
  auto taken = watch.take_refusals();
  CHECK(taken.kept.size() == Watch::kMostNotices);
  CHECK(taken.left_out == 5);
  taken = watch.take_refusals();
  CHECK(taken.kept.empty());
  CHECK(taken.left_out == 0);
}

TEST_CASE("server: what was noted before is not told to who watches later") {
  Watch watch;
  watch.want({.gaps = true});
  CHECK(watch.wants_gaps());
  watch.note_gap([] { return GapNotice{}; });
  watch.want({});
  CHECK_FALSE(watch.wants_gaps());
  watch.want({.gaps = true});
  CHECK(watch.take_gaps().kept.empty());
}

TEST_CASE("hub: watchers are counted by whatever pattern they came, each once") {
  Desk desk;
  constexpr std::array<std::string_view, 2> kNames = {"$sys/stats", "$sys/gaps"};
  CHECK(desk.hub.watchers(kNames) == std::vector<uint64_t>{0, 0});
  const Reader everything(desk.hub, {"**"});
  const Reader all(desk.hub, {"$sys/**", "$sys/stats"});
  CHECK(desk.hub.watchers(kNames) == std::vector<uint64_t>{1, 1});
  const Reader stats(desk.hub, {"$sys/stats"});
  CHECK(desk.hub.watchers(kNames) == std::vector<uint64_t>{2, 1});
}

TEST_CASE("hub: a backlog is what the reader's topics hold above its cursor, and its age") {
  Desk desk;
  const Reader reader(desk.hub, {"a", "b"});
  desk.publish({"a"});
  const uint64_t cursor = desk.publish({"b"});
  CHECK(desk.hub.backlog(reader, cursor).events == 0);
  CHECK(desk.hub.backlog(reader, cursor).lag_ms == 0);
  desk.publish({"b"});
  desk.clock.advance(300);
  desk.publish({"a"});
  desk.publish({"other"});
  desk.clock.advance(200);
  const Hub::Backlog backlog = desk.hub.backlog(reader, cursor);
  CHECK(backlog.events == 2);
  CHECK(backlog.lag_ms == 500);
  CHECK(backlog.late_topic == "b");
  CHECK_FALSE(backlog.has_more);
  CHECK_FALSE(backlog.is_lapped);
}

TEST_CASE("hub: a backlog says when some of it has left the history") {
  Options options = Desk::made();
  options.policies.fallback.events = 2;
  Desk desk(options);
  const uint64_t cursor = desk.publish({"a"});
  const Reader reader(desk.hub, {"a"});
  desk.hub.set_pumped(0, 100);
  desk.publish("a", 2);
  CHECK_FALSE(desk.hub.backlog(reader, cursor).is_lapped);
  desk.publish({"a"});
  CHECK(desk.hub.backlog(reader, cursor).is_lapped);
  CHECK(desk.hub.backlog(reader, cursor).events == 2);
}

TEST_CASE("hub: a backlog of very many topics is cut and says so") {
  Desk desk;
  for (int nth = 0; nth < 100; ++nth) {
    desk.publish({"t/" + std::to_string(nth)});
  }
  const Reader reader(desk.hub, {"t/**"});
  const Hub::Backlog backlog = desk.hub.backlog(reader, 0);
  CHECK(backlog.has_more);
  CHECK(backlog.events == 64);
}

TEST_CASE("hub: a topic's rate is known when it was looked at twice") {
  Desk desk;
  TopicScan scan;
  desk.publish("a", 100);
  scan.restart(desk.clock.steady_ms());
  std::vector<BusyTopic> first = desk.walk(scan);
  REQUIRE(first.size() == 1);
  CHECK_FALSE(first[0].per_second);
  desk.publish("a", 10);
  desk.publish("new", 30);
  desk.clock.advance(2000);
  const std::vector<BusyTopic> second = desk.walk(scan);
  REQUIRE(second.size() == 2);
  CHECK(second[0].name == "new");
  CHECK(second[0].per_second == 15.0);
  CHECK(second[1].per_second == 5.0);
}

TEST_CASE("hub: a time in which nobody watched says nothing of a rate") {
  Desk desk;
  TopicScan scan;
  desk.publish("a", 1);
  scan.restart(desk.clock.steady_ms());
  desk.walk(scan);
  desk.publish("a", 1000);
  desk.clock.advance(3'600'000);
  scan.restart(desk.clock.steady_ms());
  CHECK_FALSE(desk.walk(scan)[0].per_second);
  desk.clock.advance(1000);
  CHECK(desk.walk(scan)[0].per_second == 0.0);
}

TEST_CASE("hub: a walk in small parts meets every topic once, and none of the broker") {
  Desk desk;
  for (int nth = 0; nth < 60; ++nth) {
    desk.publish("t/" + std::to_string(nth), nth == 7 ? 9 : 1);
  }
  desk.publish({"$sys/stats"});
  TopicScan scan;
  scan.restart(desk.clock.steady_ms());
  while (!desk.hub.scan(scan, 7)) {
  }
  CHECK(scan.looked_at == 60);
  const std::vector<BusyTopic> found = scan.finish(desk.clock.steady_ms());
  CHECK(found.size() == TopicScan::kMost);
  CHECK(found[0].name == "t/7");  // Without rates: the largest.
  CHECK(scan.looked_at == 0);
}

TEST_CASE("hub: a topic's lag is the age of what a worker has not served") {
  Desk desk;
  const Reader reader(desk.hub, {"a"});
  desk.hub.set_pumped(0, desk.publish({"a"}));
  TopicScan scan;
  scan.restart(desk.clock.steady_ms());
  desk.clock.advance(100);
  CHECK(desk.walk(scan)[0].lag_ms == 0);
  desk.publish({"a"});
  desk.clock.advance(250);
  CHECK(desk.walk(scan)[0].lag_ms == 250);
}

}  // namespace
}  // namespace ringcast::server::server_watch_test
