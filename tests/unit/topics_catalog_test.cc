#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "support/model_random.h"
#include "unit/topics_shelf.h"

namespace ringcast::topics::topics_catalog_test {
namespace {

size_t links_between(const Interest& interest, const Topic& topic) {
  return static_cast<size_t>(
      std::count_if(interest.topics.begin(), interest.topics.end(),
                    [&](const Interest::Link& link) { return link.topic == &topic; }));
}

TEST_CASE("topics: an exact topic exists from its first subscriber to its last") {
  Shelf shelf;
  {
    const Joined first(shelf, {"a"});
    {
      const Joined second(shelf, {"a"});
      CHECK(shelf.catalog.find("a")->exact_interests == 2);
    }
    CHECK(shelf.catalog.find("a") != nullptr);
  }
  CHECK(shelf.catalog.find("a") == nullptr);
  CHECK(shelf.budget.used() == 0);
}

TEST_CASE("topics: a new topic is linked to the patterns that match it, once each interest") {
  Shelf shelf;
  const Joined both(shelf, {"a/*", "a/**"});
  const Joined other(shelf, {"b/*"}, 1);
  shelf.publish({"a/x"});
  const Topic* topic = shelf.catalog.find("a/x");
  REQUIRE(topic != nullptr);
  CHECK(links_between(both, *topic) == 1);
  CHECK(links_between(other, *topic) == 0);
  CHECK(topic->workers == 1);
}

TEST_CASE("topics: a new pattern is linked to the topics that there are") {
  Shelf shelf;
  shelf.publish({"a"});
  shelf.publish({"a/x"});
  shelf.publish({"ab"});
  const Joined reader(shelf, {"a/**", "a"});
  CHECK(reader.topics.size() == 2);
  CHECK(links_between(reader, *shelf.catalog.find("a")) == 1);
  CHECK(links_between(reader, *shelf.catalog.find("a/x")) == 1);
}

TEST_CASE("topics: a topic without events is kept by exact subscribers, not by patterns") {
  Shelf shelf;
  const Joined reader(shelf, {"a/*"});
  shelf.publish({"a/x"});
  Topic& topic = *shelf.catalog.find("a/x");
  shelf.retention.clear(topic);
  CHECK(shelf.catalog.forget_if_unused(topic));
  CHECK(reader.topics.empty());
}

TEST_CASE("topics: each topic that is forgotten is told by its name, once") {
  std::vector<std::string> told;
  Shelf shelf;
  shelf.catalog.on_forget([&](std::string_view name) { told.emplace_back(name); });
  shelf.publish({"a", "b"});
  {
    const Joined reader(shelf, {"a"});
    shelf.retention.clear(*shelf.catalog.find("a"));
    CHECK_FALSE(shelf.catalog.forget_if_unused(*shelf.catalog.find("a")));
    CHECK(told.empty());
  }
  CHECK(told == std::vector<std::string>{"a"});  // With its last reader.
  CHECK_FALSE(shelf.catalog.forget_if_unused(*shelf.catalog.find("b")));
  shelf.retention.clear(*shelf.catalog.find("b"));
  shelf.retention.sweep(0, 10);
  CHECK(told == std::vector<std::string>{"a", "b"});
}

TEST_CASE("topics: a topic in somebody's inbox is not forgotten") {
  Shelf shelf;
  shelf.publish({"a"});
  Topic& topic = *shelf.catalog.find("a");
  topic.unread_by = 1;
  shelf.retention.clear(topic);
  CHECK_FALSE(shelf.catalog.forget_if_unused(topic));
  topic.unread_by = 0;
  CHECK(shelf.catalog.forget_if_unused(topic));
}

TEST_CASE("topics: an interest that never joined may leave") {
  Shelf shelf;
  const Joined reader(shelf, {"a"});
  Interest stranger;
  stranger.patterns = {"a", "b", "c/*"};
  shelf.catalog.leave(stranger);
  CHECK(shelf.catalog.find("a")->exact_interests == 1);
  CHECK(shelf.catalog.find("b") == nullptr);
}

TEST_CASE("topics: a topic that comes back knows that it has lost something") {
  Shelf shelf;
  shelf.publish({"a"});
  shelf.retention.clear(*shelf.catalog.find("a"));
  shelf.catalog.forget_if_unused(*shelf.catalog.find("a"));
  CHECK(shelf.catalog.tombstones() == 1);
  const Topic& topic = shelf.catalog.touch("a");
  CHECK(shelf.catalog.tombstones() == 0);
  CHECK(topic.ring.evicted().high() == 1);
  CHECK(topic.ring.evicted().exact_above() == 1);
  CHECK(topic.deleted_high == 1);
}

TEST_CASE("topics: a topic that never had events leaves no tombstone") {
  Shelf shelf;
  { const Joined reader(shelf, {"a"}); }
  CHECK(shelf.catalog.tombstones() == 0);
}

void bury(Shelf& shelf, const std::string& name) {
  shelf.retention.clear(*shelf.catalog.find(name));
  REQUIRE(shelf.catalog.forget_if_unused(*shelf.catalog.find(name)));
}

TEST_CASE("topics: of too many tombstones the oldest is folded into what is true of all") {
  Shelf shelf(Policies{}, 2);
  for (const char* name : {"a", "b", "c"}) {
    shelf.publish({name});
  }
  bury(shelf, "b");
  bury(shelf, "a");
  CHECK(shelf.catalog.tombstones() == 2);
  CHECK(shelf.catalog.touch("x").ring.evicted().high() == 0);
  bury(shelf, "c");
  CHECK(shelf.catalog.tombstones() == 2);
  CHECK(shelf.catalog.touch("y").ring.evicted().high() == 1);
  CHECK(shelf.catalog.touch("b").ring.evicted().high() == 2);
}

TEST_CASE("topics: a pattern remembers what it matched, a new one what others had seen go") {
  Shelf shelf;
  const Joined before(shelf, {"a/*"});
  shelf.publish({"a/x"});
  bury(shelf, "a/x");
  const Joined after(shelf, {"a/**"});
  const Joined other(shelf, {"b/*"});
  REQUIRE(before.loss(0));
  CHECK_FALSE(before.loss(0)->missed);
  CHECK(before.loss(0)->all_deleted);
  CHECK(after.loss(0));
  CHECK_FALSE(other.loss(0));
  CHECK_FALSE(before.loss(1));
}

TEST_CASE("topics: a pattern hears of a forgotten topic that is older than dropped tombstones") {
  Shelf shelf(Policies{}, 1);
  const Joined reader(shelf, {"a/*"});
  shelf.publish({"a/x"});  // 1
  shelf.publish({"b"});
  shelf.publish({"c"});
  bury(shelf, "b");
  bury(shelf, "c");  // The tombstone of b, up to 2, is dropped.
  CHECK_FALSE(reader.loss(0));
  bury(shelf, "a/x");
  CHECK(reader.loss(0));
}

TEST_CASE("topics: new policies hold for the topics that there are") {
  Shelf shelf(all({.events = 10, .grace_ms = 0}));
  for (int left = 5; left > 0; --left) {
    shelf.publish({"a"});
  }
  shelf.catalog.set_policies(all({.events = 2, .grace_ms = 0}));
  shelf.sweep();
  CHECK(shelf.seqs("a") == std::vector<uint64_t>{4, 5});
}

void expect_consistent(const Shelf& shelf) {
  for (const auto& [name, topic] : shelf.catalog.by_name()) {
    uint64_t workers = 0;
    for (size_t index = 0; index < topic->interests.size(); ++index) {
      const Topic::Link& link = topic->interests[index];
      REQUIRE(link.back < link.interest->topics.size());
      CHECK(link.interest->topics[link.back].topic == topic);
      CHECK(link.interest->topics[link.back].back == index);
      CHECK(link.interest->matches(name));
      workers |= uint64_t{1} << link.interest->worker;
    }
    CHECK(topic->workers == workers);
  }
}

TEST_CASE("topics: links stay right while interests join and leave in any order") {
  Shelf shelf;
  model::Random random(7);
  const std::vector<std::string> names = {"a", "a/x", "a/y", "b", "b/x", "c"};
  const std::vector<std::string> patterns = {"a", "a/*", "a/**", "**", "b/x", "*/x", "*"};
  std::vector<std::unique_ptr<Joined>> readers;
  for (int step = 0; step < 600; ++step) {
    const uint64_t dice = random.below(10);
    if (dice < 4) {
      std::vector<std::string> wanted = {patterns[random.below(patterns.size())]};
      if (const auto& second = patterns[random.below(patterns.size())]; second != wanted[0]) {
        wanted.push_back(second);
      }
      readers.push_back(std::make_unique<Joined>(shelf, std::move(wanted),
                                                 static_cast<uint32_t>(random.below(2))));
    } else if (dice < 7 && !readers.empty()) {
      readers.erase(readers.begin() + static_cast<std::ptrdiff_t>(random.below(readers.size())));
    } else if (dice < 9) {
      shelf.publish({names[random.below(names.size())]});
    } else if (Topic* topic = shelf.catalog.find(names[random.below(names.size())])) {
      shelf.retention.clear(*topic);
      shelf.catalog.forget_if_unused(*topic);
    }
    expect_consistent(shelf);
    for (const auto& reader : readers) {
      const auto matching =
          std::count_if(shelf.catalog.by_name().begin(), shelf.catalog.by_name().end(),
                        [&](const auto& entry) { return reader->matches(entry.first); });
      CHECK(static_cast<long>(reader->topics.size()) == matching);
    }
  }
}

TEST_CASE("topics: what is forgotten of the broker's topics is no loss to readers of others") {
  Shelf shelf({}, 1);
  shelf.publish({"$sys/a"});
  shelf.publish({"$sys/b"});
  for (const char* name : {"$sys/a", "$sys/b"}) {
    Topic& topic = *shelf.catalog.find(name);
    shelf.retention.clear(topic);
    shelf.catalog.forget_if_unused(topic);
  }
  REQUIRE(shelf.catalog.tombstones() == 1);
  const Joined pattern(shelf, {"news/*"});
  const Joined topic(shelf, {"news/1"});
  const Joined own(shelf, {"$sys/*"});
  CHECK_FALSE(pattern.loss(0).has_value());
  CHECK_FALSE(topic.loss(0).has_value());
  CHECK(own.loss(0).has_value());
}

TEST_CASE("topics: own events that were lost before they had a place are told who may want them") {
  Shelf shelf;
  const auto path = std::make_shared<const Matcher>(
      "test", "/.well-known/{x}", "/.well-known/", [](std::string_view) { return false; },
      Matcher::Cost{});
  const auto other = std::make_shared<const Matcher>(
      "test", "https://a/{x}", "https://a/", [](std::string_view) { return false; },
      Matcher::Cost{});
  const Joined exact(shelf, {"$sys/presence/a"});
  const Joined published(shelf, {"news/*", "a"});
  Interest hub;
  hub.matchers = {path};
  Interest books;
  books.matchers = {other};
  shelf.catalog.join(hub);
  shelf.catalog.join(books);
  shelf.retention.lose_own(5);
  CHECK(exact.loss(4).has_value());
  CHECK_FALSE(exact.loss(5).has_value());
  CHECK_FALSE(published.loss(4).has_value());
  CHECK(find_loss(hub, {.cursor = 4}, false).has_value());
  CHECK_FALSE(find_loss(books, {.cursor = 4}, false).has_value());
  shelf.catalog.leave(hub);
  shelf.catalog.leave(books);
  CHECK(shelf.catalog.find(kLossTopic) != nullptr);  // Somebody still has it.
}

}  // namespace
}  // namespace ringcast::topics::topics_catalog_test
