#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "server/presence.h"
#include "server/services.h"
#include "support/fake_clock.h"
#include "support/fake_journal.h"

namespace ringcast::server::server_presence_test {
namespace {

using Names = std::vector<std::string>;

struct TestPresence {
  explicit TestPresence(const Options& options = {}) : hub(options, "e", clock), presence(hub) {}

  // The data of all that was told of the topic, with its type in front.
  Names told(const std::string& topic) {
    topics::Interest interest;
    interest.patterns = {"$sys/presence/" + topic};
    const auto page =
        hub.history(interest, {.since = {.kind = topics::Since::Kind::kEarliest}}, 1000);
    REQUIRE(page);
    Names all;
    for (const topics::EventRef& event : page->slice.events) {
      all.push_back(std::string(event->type()) + " " + event->data());
    }
    return all;
  }

  FakeClock clock;
  Hub hub;
  Presence presence;
};

// The life of a process is random: streams are "L.1", "L.2".
Names without_life(Names told, const std::string& stream) {
  const std::string life = stream.substr(0, stream.find('.'));
  for (std::string& each : told) {
    if (const size_t at = each.find("\"" + life + "."); at != std::string::npos) {
      each.replace(at + 1, life.size(), "L");
    }
  }
  return told;
}

TEST_CASE("server: a stream is present in the topics that it names exactly and that are listed") {
  CHECK(present_in({"rooms/1", "news", "rooms/2"}, {"rooms/*"}) == Names{"rooms/1", "rooms/2"});
  CHECK(present_in({"rooms/*", "**", "rooms/**"}, {"**"}).empty());
  CHECK(present_in({"rooms/1"}, {}).empty());
  CHECK(present_in({"$sys/presence/rooms/1"}, {"**"}).empty());
}

TEST_CASE("server: a name so long that its presence could not be subscribed to is not told of") {
  const std::string longest(1024 - kPresencePrefix.size(), 'x');
  CHECK(present_in({longest}, {"*"}) == Names{longest});
  CHECK(present_in({longest + "x"}, {"*"}).empty());
}

TEST_CASE("server: who comes and leaves is told with the number of readers after it") {
  TestPresence test;
  const auto ann = test.presence.join({"rooms/1"}, "ann");
  test.clock.advance(1500);
  const auto nobody = test.presence.join({"rooms/1"}, "");
  test.presence.leave(*ann, "slow");
  CHECK(without_life(test.told("rooms/1"), ann->stream) ==
        Names{R"(join {"topic":"rooms/1","event":"join","subscribers":1,"stream":"L.1",)"
              R"("who":"ann","time":"2023-11-14T22:13:20.000Z"})",
              R"(join {"topic":"rooms/1","event":"join","subscribers":2,"stream":"L.2",)"
              R"("time":"2023-11-14T22:13:21.500Z"})",
              R"(leave {"topic":"rooms/1","event":"leave","subscribers":1,"stream":"L.1",)"
              R"("who":"ann","reason":"slow","time":"2023-11-14T22:13:21.500Z"})"});
  CHECK(test.presence.counts().events == 3);
}

TEST_CASE("server: names in what is told are escaped") {
  TestPresence test;
  const auto stay = test.presence.join({"a\"b"}, "c\\d");
  const Names told = test.told("a\"b");
  REQUIRE(told.size() == 1);
  CHECK(told[0].find(R"("topic":"a\"b")") != std::string::npos);
  CHECK(told[0].find(R"("who":"c\\d")") != std::string::npos);
}

TEST_CASE("server: the last one who leaves is told with no readers") {
  TestPresence test;
  const auto stay = test.presence.join({"a", "b"}, "");
  test.presence.leave(*stay, "closed");
  for (const char* topic : {"a", "b"}) {
    const Names told = test.told(topic);
    REQUIRE(told.size() == 2);
    CHECK(told[1].find(R"("subscribers":0)") != std::string::npos);
  }
}

TEST_CASE("server: with other topics listed, who is there counts and nothing is told of it") {
  TestPresence test;
  std::unique_ptr<Stay> first;
  test.presence.recount(first, {"a"}, "ann");
  REQUIRE(first);
  CHECK(test.told("a").empty());
  const auto second = test.presence.join({"a"}, "");
  CHECK(test.told("a")[0].find(R"("subscribers":2)") != std::string::npos);
  test.presence.recount(first, {}, "ann");
  test.presence.leave(*second, "closed");
  CHECK(test.told("a")[1].find(R"("subscribers":0)") != std::string::npos);
}

TEST_CASE(
    "server: topics of the broker are bounded by limits.topics, and take none of a publisher") {
  Options options;
  options.limits.topics = 2;
  TestPresence test(options);
  const auto stay = test.presence.join({"a", "b"}, "");
  CHECK(test.presence.counts().events == 2);
  const auto other = test.presence.join({"c"}, "");
  CHECK(test.told("a").empty());  // The oldest left for it.
  CHECK(test.told("b").size() == 1);
  CHECK(test.told("c").size() == 1);
  std::vector<Draft> drafts(1);
  drafts[0].event = sse::Event::encode({.data = "x"}, {"news", "more"});
  CHECK(test.hub.publish(drafts, "", Hub::kNoWorker));
  CHECK(test.hub.counts().topics_with_events == 2);
}

TEST_CASE(
    "server: where all memory holds what was published, presence has its share all the same") {
  Options options;
  options.memory_bytes = 1 << 20;
  TestPresence test(options);
  for (int number = 0; test.hub.budget().left() > 1000; ++number) {
    REQUIRE(number < 10'000);
    std::vector<Draft> drafts(1);
    drafts[0].event = sse::Event::encode({.data = std::string(500, 'x')},
                                         {"news/" + std::to_string(number % 10)});
    REQUIRE(test.hub.publish(drafts, "", Hub::kNoWorker));
  }
  std::vector<std::unique_ptr<Stay>> stays;
  for (int number = 0; number < 20; ++number) {
    stays.push_back(test.presence.join({"a"}, ""));
  }
  CHECK(test.told("a").size() == 20);
}

TEST_CASE("server: with a journal, presence takes its place in the sequence and no row") {
  FakeClock clock;
  FakeJournal journal;
  Hub hub({}, journal, clock);
  Presence presence(hub);
  const auto stay = presence.join({"a"}, "");
  CHECK(presence.counts().events == 0);  // Not so far.
  REQUIRE(hub.commit());
  CHECK(presence.counts().events == 1);
  CHECK(journal.events.empty());
  CHECK(journal.reserved == 1);
  journal.failure = Error{.code = Errc::kStorage, .detail = "broken"};
  presence.leave(*stay, "closed");  // It does not need the disk.
  CHECK(hub.commit());
  CHECK(presence.counts().events == 2);
  CHECK(presence.counts().dropped == 0);
}

TEST_CASE("server: what finds no room while the journal is behind is a gap for who may want it") {
  FakeClock clock;
  FakeJournal journal;
  Options options;
  options.memory_bytes = 1 << 20;
  Hub hub(options, journal, clock);
  Presence presence(hub);
  topics::Interest watcher;
  watcher.patterns = {"$sys/presence/*"};
  REQUIRE(hub.open(watcher, {}));
  topics::Interest other;
  other.patterns = {"*"};
  REQUIRE(hub.open(other, {}));
  std::vector<std::unique_ptr<Stay>> stays;
  while (presence.counts().dropped == 0) {
    REQUIRE(stays.size() < 10'000);
    stays.push_back(presence.join({"a"}, ""));
  }
  std::vector<Draft> drafts(1);
  drafts[0].event = sse::Event::encode({.data = "x"}, {"news"});
  CHECK(hub.submit(drafts, "", {}, [](const auto&, const auto&) {}));  // It waits for none of that.
  while (!hub.counts().is_settled) {
    REQUIRE(hub.commit());
  }
  News news;
  hub.take_news(0, news);
  CHECK(news.interests.size() == 2);
  const topics::Reader live{.cursor = news.visible - 1};
  CHECK(hub.has_lost(watcher, live));
  CHECK_FALSE(hub.has_lost(other, live));
  CHECK_FALSE(hub.has_lost(watcher, {.cursor = news.visible}));
  hub.leave(watcher);
  hub.leave(other);
}

TEST_CASE("server: each end of a stream has its reason") {
  CHECK(presence_reason(CloseReason::kPeer) == "closed");
  CHECK(presence_reason(CloseReason::kStalled) == "timeout");
  CHECK(presence_reason(CloseReason::kLagged) == "slow");
  CHECK(presence_reason(CloseReason::kDrain) == "drain");
  CHECK(presence_reason(CloseReason::kToken) == "auth");
}

}  // namespace
}  // namespace ringcast::server::server_presence_test
