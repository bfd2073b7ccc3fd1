#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "topics/matcher.h"
#include "topics/matcher_index.h"
#include "unit/topics_shelf.h"

namespace ringcast::topics::topics_matcher_test {
namespace {

// Names that begin with `prefix` and end with `end`.
MatcherRef matcher(const std::string& prefix, const std::string& end, size_t effort = 0) {
  return std::make_shared<const Matcher>(
      "test", prefix + "{}" + end, prefix,
      [end](std::string_view name) { return name.ends_with(end); },
      Matcher::Cost{.memory = 100, .effort = effort});
}

// The names of the topics that it is linked to, in order.
std::vector<std::string> linked(const Interest& interest) {
  std::vector<std::string> names;
  for (const Interest::Link& link : interest.topics) {
    names.push_back(link.topic->name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

struct Watcher : Interest {
  Watcher(Shelf& at, std::vector<MatcherRef> wanted) : shelf(at) {
    matchers = std::move(wanted);
    shelf.catalog.join(*this);
  }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher() { shelf.catalog.leave(*this); }
  Shelf& shelf;
};

TEST_CASE("topics: matchers see the broker's topics for them without their root, and no others") {
  CHECK(name_for_matchers("a/b") == "a/b");
  CHECK(name_for_matchers("$mercure/a") == "/a");
  CHECK_FALSE(name_for_matchers("$mercure"));
  CHECK_FALSE(name_for_matchers("$mercurex/a"));
  CHECK_FALSE(name_for_matchers("$sys/stats"));
  const auto all = matcher("", "");
  CHECK(all->matches("a"));
  CHECK(all->matches("$mercure/a"));
  CHECK_FALSE(all->matches("$sys/stats"));
}

TEST_CASE("topics: an index of matchers visits each that matches once") {
  MatcherIndex<int> index;
  index[matcher("", "")] = 1;
  index[matcher("a/", "x")] = 2;
  index[matcher("a/", "y")] = 3;
  index[matcher("a/b/", "x")] = 4;
  const auto found = [&](std::string_view topic) {
    std::vector<int> values;
    index.each_match(topic, [&](int value) { values.push_back(value); });
    return values;
  };
  CHECK(found("a/b/x") == std::vector{1, 2, 4});
  CHECK(found("a/y") == std::vector{1, 3});
  CHECK(found("a") == std::vector{1});
  CHECK(found("$sys/x").empty());
  index.erase(*matcher("a/", "x"));
  CHECK(found("a/b/x") == std::vector{1, 4});
  CHECK(index.weight_alike("a/") == 1);
  CHECK(index.weight_alike("b/") == 0);
  CHECK(index.contains(*matcher("a/", "y")));
  CHECK_FALSE(index.contains(*matcher("a/", "x")));
}

TEST_CASE(
    "topics: a new topic is linked to the matchers that match it, a new matcher to the topics") {
  Shelf shelf;
  shelf.publish({"a/x"});
  const Watcher watcher(shelf, {matcher("a/", "x"), matcher("b/", "x")});
  CHECK(linked(watcher) == std::vector<std::string>{"a/x"});
  shelf.publish({"b/x"});
  shelf.publish({"b/y"});
  CHECK(linked(watcher) == std::vector<std::string>{"a/x", "b/x"});
  CHECK(watcher.matches("a/b/x"));
  CHECK_FALSE(watcher.matches("c/x"));
}

TEST_CASE("topics: a new matcher finds the topics of the broker that are for it") {
  Shelf shelf;
  shelf.publish({"$mercure/a/x"});
  shelf.publish({"$sys/a/x"});
  const Watcher watcher(shelf, {matcher("/a/", "x")});
  CHECK(linked(watcher) == std::vector<std::string>{std::string(kLossTopic), "$mercure/a/x"});
}

TEST_CASE("topics: a matcher costs memory once, until its last reader leaves") {
  Shelf shelf;
  const int64_t before = shelf.budget.used();
  {
    const Watcher first(shelf, {matcher("a/", "x")});
    const int64_t with_one = shelf.budget.used();
    CHECK(with_one - before == static_cast<int64_t>(Catalog::cost_of(*matcher("a/", "x"))));
    const Watcher second(shelf, {matcher("a/", "x")});
    CHECK(shelf.budget.used() == with_one);
  }
  CHECK(shelf.budget.used() == before);
}

TEST_CASE("topics: so many matchers that begin alike are joined, and no more") {
  Shelf shelf;
  std::vector<MatcherRef> many;
  for (size_t i = 0; i < Catalog::kMostAlike; ++i) {
    many.push_back(matcher("a/", std::to_string(i)));
  }
  CHECK(shelf.catalog.check_matchers({many.back()}));
  const Watcher watcher(shelf, many);
  CHECK(shelf.catalog.check_matchers({many.back()}));
  CHECK(shelf.catalog.check_matchers({matcher("b/", "more")}));
  const Status refused = shelf.catalog.check_matchers({matcher("a/", "more")});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kOverloaded);
}

TEST_CASE("topics: several matchers are compared with so many topics at the most") {
  Shelf shelf({}, 100, 1 << 30);
  const size_t topics = Catalog::kMostCompared / 2;
  for (size_t i = 0; i < topics; ++i) {
    shelf.catalog.touch("a/" + std::to_string(i));
  }
  CHECK(shelf.catalog.check_matchers({matcher("", "x"), matcher("a/", "x")}));
  shelf.catalog.touch("a/more");
  CHECK_FALSE(shelf.catalog.check_matchers({matcher("", "x"), matcher("a/", "x")}));
  CHECK(shelf.catalog.check_matchers({matcher("", "x"), matcher("b/", "x")}));
  CHECK(shelf.catalog.check_matchers({matcher("", "x")}));
}

TEST_CASE("topics: a slow matcher counts as several, and alone is compared with fewer topics") {
  const MatcherRef slow = matcher("", "y", 136);
  CHECK(matcher("", "x", 39)->weight() == 1);
  CHECK(matcher("", "x", 40)->weight() == 5);
  CHECK(slow->weight() == 17);
  MatcherIndex<int> index;
  index[slow] = 1;
  CHECK(index.weight_alike("") == 17);
  index.erase(*slow);
  CHECK(index.weight_alike("") == 0);
  Shelf shelf({}, 100, 1 << 30);
  for (size_t i = 0; i < Catalog::kMostCompared / 17; ++i) {
    shelf.catalog.touch("a/" + std::to_string(i));
  }
  CHECK(shelf.catalog.check_matchers({slow}));
  shelf.catalog.touch("a/more");
  CHECK_FALSE(shelf.catalog.check_matchers({slow}));
  CHECK(shelf.catalog.check_matchers({matcher("", "x")}));
}

TEST_CASE("topics: the broker's own topics count where matchers are compared with them") {
  Shelf shelf({}, 100, 1 << 30);
  const MatcherRef slow = matcher("/a/", "y", 136);
  for (size_t i = 0; i <= Catalog::kMostCompared / 17; ++i) {
    shelf.catalog.touch("$mercure/a/" + std::to_string(i));
  }
  CHECK_FALSE(shelf.catalog.check_matchers({slow}));
}

TEST_CASE("topics: too many forgotten topics to compare with are a loss to a new matcher") {
  const size_t most = Catalog::kMostCompared / 17;
  for (const size_t forgotten : {most, most + 1}) {
    Shelf shelf({}, 100'000, 1 << 30);
    for (size_t i = 1; i <= forgotten; ++i) {
      shelf.catalog.restore("a/" + std::to_string(i), {.high = i});
    }
    const Watcher usual(shelf, {matcher("a/", "x")});
    CHECK(usual.watches[0]->gone.high == 0);  // None of them ends so.
    const Watcher slow(shelf, {matcher("a/", "y", 136)});
    CHECK(slow.watches[0]->gone.high == (forgotten > most ? forgotten : 0));
  }
}

TEST_CASE("topics: what a matcher matched and is forgotten is a loss to its readers") {
  Shelf shelf;
  const Watcher watcher(shelf, {matcher("a/", "x")});
  shelf.publish({"a/x"});
  shelf.retention.clear(*shelf.catalog.find("a/x"));
  CHECK(shelf.catalog.forget_if_unused(*shelf.catalog.find("a/x")));
  CHECK(find_loss(watcher, {.cursor = 0}, false).has_value());
  CHECK_FALSE(find_loss(watcher, {.cursor = shelf.seq}, false).has_value());
}

TEST_CASE("topics: selectors grant an event by any of its topics") {
  const Selectors selectors({"a", "/b"}, {matcher("c/", "x")});
  const auto granted = [&](std::vector<std::string> names) {
    return selectors.grants(*sse::Event::encode({.data = "x"}, std::move(names)));
  };
  CHECK(granted({"a"}));
  CHECK(granted({"z", "c/x"}));
  CHECK(granted({"$mercure/b"}));
  CHECK_FALSE(granted({"z", "c/y"}));
  CHECK_FALSE(granted({"$sys/a"}));
}

TEST_CASE("topics: selectors have one key for the same choice, whatever its order") {
  const Selectors one({"a", "b"}, {matcher("", "x"), matcher("", "y")});
  const Selectors other({"b", "a"}, {matcher("", "y"), matcher("", "x")});
  CHECK(one.key() == other.key());
  CHECK(one.key() != Selectors({"a", "b"}, {}).key());
  CHECK(Selectors({"ab"}, {}).key() != Selectors({"a", "b"}, {}).key());
}

TEST_CASE("topics: a private event reaches who sees all, or whose selectors grant it") {
  const auto event = sse::Event::encode({.data = "x", .is_private = true}, {"a"});
  Interest interest;
  CHECK_FALSE(interest.wants(*event));
  interest.private_topics =
      std::make_shared<const Selectors>(std::vector<std::string>{"b"}, std::vector<MatcherRef>{});
  CHECK_FALSE(interest.wants(*event));
  interest.private_topics =
      std::make_shared<const Selectors>(std::vector<std::string>{"a"}, std::vector<MatcherRef>{});
  CHECK(interest.wants(*event));
  interest.private_topics = nullptr;
  interest.sees_private = true;
  CHECK(interest.wants(*event));
}

}  // namespace
}  // namespace ringcast::topics::topics_matcher_test
