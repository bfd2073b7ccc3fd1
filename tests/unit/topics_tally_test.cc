// What each rule's topics hold, for the metrics.
#include <doctest/doctest.h>

#include <tuple>
#include <vector>

#include "unit/topics_shelf.h"

namespace ringcast::topics::topics_tally_test {
namespace {

Policies with_rules(std::vector<std::string> matches) {
  Policies policies = all({.events = 3, .grace_ms = 0});
  for (std::string& match : matches) {
    policies.rules.push_back({.match = std::move(match), .policy = policies.fallback});
  }
  return policies;
}

// Published and held, rule by rule; the last one is of topics without a rule.
using Counts = std::vector<std::pair<uint64_t, uint64_t>>;
Counts counts(const Shelf& shelf) {
  Counts found;
  for (const Tally& tally : shelf.catalog.tallies()) {
    CHECK((tally.events == 0) == (tally.bytes == 0));
    found.emplace_back(tally.published, tally.events);
  }
  return found;
}

TEST_CASE("topics: an event counts for the first rule of each of its topics") {
  Shelf shelf(with_rules({"a/*", "a/**"}));
  shelf.publish({"a/x"});
  shelf.publish({"a/x/y", "a/y"});
  shelf.publish({"b"});
  CHECK(counts(shelf) == Counts{{2, 2}, {1, 1}, {1, 1}});
}

TEST_CASE("topics: bytes are those of the rings") {
  Shelf shelf(with_rules({"a"}));
  shelf.publish({"a"}, "", "", "short");
  shelf.publish({"a"}, "", "", "longer than that");
  CHECK(shelf.catalog.tallies()[0].bytes == shelf.catalog.find("a")->ring.bytes());
}

TEST_CASE("topics: what leaves a ring is held no more, but was published") {
  Shelf shelf(with_rules({"a", "b"}));
  for (int left = 5; left > 0; --left) {
    shelf.publish({"a"}, "own-" + std::to_string(left));
  }
  shelf.publish({"b"});
  CHECK(counts(shelf) == Counts{{5, 3}, {1, 1}, {0, 0}});
  shelf.retention.clear(*shelf.catalog.find("b"));
  CHECK(counts(shelf) == Counts{{5, 3}, {1, 0}, {0, 0}});
  shelf.advance(3'600'000);
  shelf.sweep();
  CHECK(counts(shelf) == Counts{{5, 0}, {1, 0}, {0, 0}});
}

TEST_CASE(
    "topics: with new rules topics count where they belong, and a rule with the same match "
    "goes on") {
  Shelf shelf(with_rules({"a", "b"}));
  shelf.publish({"a"});
  shelf.publish({"b"});
  shelf.publish({"c"});
  shelf.catalog.set_policies(with_rules({"c", "a"}));
  CHECK(counts(shelf) == Counts{{0, 1}, {1, 1}, {1, 1}});
  shelf.publish({"c"});
  shelf.publish({"a"});
  CHECK(counts(shelf) == Counts{{1, 2}, {2, 2}, {1, 1}});
  shelf.catalog.set_policies(with_rules({}));
  CHECK(counts(shelf) == Counts{{1, 5}});
}

}  // namespace
}  // namespace ringcast::topics::topics_tally_test
