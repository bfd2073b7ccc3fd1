#include <doctest/doctest.h>

#include <vector>

#include "unit/topics_shelf.h"

namespace ringcast::topics::topics_retention_test {
namespace {

using Seqs = std::vector<uint64_t>;

TEST_CASE("topics: a ring keeps as many events as its policy says") {
  Shelf shelf(all({.events = 3, .grace_ms = 0}));
  for (int left = 3; left > 0; --left) {
    shelf.publish({"a"});
  }
  CHECK(shelf.seqs("a") == Seqs{1, 2, 3});
  shelf.publish({"a"});
  CHECK(shelf.seqs("a") == Seqs{2, 3, 4});
  CHECK(shelf.retention.evictions() == 1);
}

TEST_CASE("topics: a ring keeps as many bytes as its policy says") {
  Shelf probe;
  probe.publish({"a"});
  const uint64_t one = probe.catalog.find("a")->ring.bytes();
  Shelf exact(all({.bytes = 2 * one, .grace_ms = 0}));
  Shelf less(all({.bytes = 2 * one - 1, .grace_ms = 0}));
  for (Shelf* shelf : {&exact, &less}) {
    shelf->publish({"a"});
    shelf->publish({"a"});
  }
  CHECK(exact.seqs("a") == Seqs{1, 2});
  CHECK(less.seqs("a") == Seqs{2});
}

TEST_CASE("topics: an event stays for its grace though the ring is full") {
  Shelf shelf(all({.events = 1, .grace_ms = 100}));
  shelf.publish({"a"});
  shelf.publish({"a"});
  shelf.advance(99);
  shelf.sweep();
  CHECK(shelf.seqs("a") == Seqs{1, 2});
  shelf.advance(1);
  shelf.sweep();
  CHECK(shelf.seqs("a") == Seqs{2});
}

TEST_CASE("topics: a topic of live events only keeps none once they are served and old") {
  Shelf shelf(all({.events = 0, .grace_ms = 0}));
  const Joined reader(shelf, {"a"});
  shelf.publish({"a"});
  CHECK(shelf.seqs("a") == Seqs{1});
  shelf.pump(0, 1);
  shelf.sweep();
  CHECK(shelf.seqs("a").empty());
  CHECK(shelf.catalog.topics_with_events == 0);
}

TEST_CASE("topics: eviction waits for every worker with subscribers of the topic") {
  Shelf shelf(all({.events = 1, .grace_ms = 0}));
  const Joined here(shelf, {"a"}, 0);
  const Joined there(shelf, {"a"}, 1);
  for (int left = 3; left > 0; --left) {
    shelf.publish({"a"});
  }
  shelf.pump(0, 3);
  shelf.sweep();
  CHECK(shelf.seqs("a") == Seqs{1, 2, 3});
  shelf.pump(1, 1);
  shelf.sweep();
  CHECK(shelf.seqs("a") == Seqs{2, 3});
  shelf.pump(1, 3);
  shelf.sweep();
  CHECK(shelf.seqs("a") == Seqs{3});
}

TEST_CASE("topics: eviction does not wait for workers without subscribers of the topic") {
  Shelf shelf(all({.events = 1, .grace_ms = 0}));
  const Joined elsewhere(shelf, {"b"});
  shelf.publish({"a"});
  shelf.publish({"a"});
  CHECK(shelf.seqs("a") == Seqs{2});
}

TEST_CASE("topics: events leave by age when a sweep meets them") {
  Shelf shelf(all({.age_ms = 1000, .grace_ms = 0}));
  shelf.publish({"a"});
  shelf.advance(1);
  shelf.publish({"a"});
  shelf.advance(998);
  shelf.sweep();
  CHECK(shelf.seqs("a") == Seqs{1, 2});
  shelf.advance(1);
  CHECK(shelf.seqs("a") == Seqs{1, 2});
  shelf.sweep();
  CHECK(shelf.seqs("a") == Seqs{2});
}

TEST_CASE("topics: the newest events that a policy keeps never leave by age") {
  Shelf shelf(all({.age_ms = 1000, .keep = 2, .grace_ms = 0}));
  for (int left = 4; left > 0; --left) {
    shelf.publish({"a"});
  }
  shelf.advance(10'000);
  shelf.sweep();
  CHECK(shelf.seqs("a") == Seqs{3, 4});
}

TEST_CASE("topics: without a bound by age events stay") {
  Shelf shelf(all({.age_ms = 0, .grace_ms = 0}));
  shelf.publish({"a"});
  shelf.advance(1'000'000'000);
  shelf.sweep();
  CHECK(shelf.seqs("a") == Seqs{1});
}

TEST_CASE("topics: sweeps take turns and meet every topic") {
  Shelf shelf(all({.age_ms = 1000, .grace_ms = 0}));
  for (const char* name : {"a", "b", "c"}) {
    shelf.publish({name});
  }
  shelf.advance(1000);
  shelf.retention.sweep(shelf.now_ms, 2);
  CHECK(shelf.catalog.find("a") == nullptr);
  CHECK(shelf.catalog.find("b") == nullptr);
  CHECK(shelf.seqs("c") == Seqs{3});
  shelf.retention.sweep(shelf.now_ms, 2);
  CHECK(shelf.catalog.find("c") == nullptr);
}

TEST_CASE("topics: a clock that steps back makes nothing young again") {
  Shelf shelf(all({.age_ms = 1000, .grace_ms = 0}));
  shelf.publish({"a"});
  shelf.advance(1000);
  shelf.retention.sweep(shelf.now_ms - 5000, 10);
  CHECK(shelf.seqs("a").empty());
}

TEST_CASE("topics: DELETE takes what is there, whoever has not read it") {
  Shelf shelf;
  const Joined reader(shelf, {"a"});
  shelf.publish({"a", "b"});
  shelf.publish({"a"});
  shelf.retention.clear(*shelf.catalog.find("a"));
  CHECK(shelf.seqs("a").empty());
  CHECK(shelf.seqs("b") == Seqs{1});
  CHECK(shelf.catalog.find("a")->deleted_high == 2);
  CHECK(shelf.catalog.topics_with_events == 1);
}

TEST_CASE("topics: the oldest event with a publisher's id counts") {
  Shelf shelf(all({.events = 2, .grace_ms = 0}));
  const Joined reader(shelf, {"b/*"});
  shelf.publish({"a"}, "p");
  shelf.publish({"b/1"}, "p");
  shelf.publish({"b/2"}, "p");
  REQUIRE(shelf.retention.ids().oldest("p", reader) != nullptr);
  CHECK(shelf.retention.ids().oldest("p", reader)->seq() == 2);
  CHECK(shelf.retention.ids().oldest("q", reader) == nullptr);
  shelf.pump(0, 3);
  shelf.retention.clear(*shelf.catalog.find("b/1"));
  CHECK(shelf.retention.ids().oldest("p", reader)->seq() == 3);
  shelf.retention.clear(*shelf.catalog.find("b/2"));
  CHECK(shelf.retention.ids().oldest("p", reader) == nullptr);
}

// Fills topics until used memory is near the limit; every event costs about a KiB.
void fill(Shelf& shelf, const char* name, int count) {
  const std::string data(1000, 'x');
  for (; count > 0; --count) {
    shelf.publish({name}, "", "", data);
  }
}

TEST_CASE("topics: memory is taken from topics without subscribers first, the fullest first") {
  Shelf shelf(all({.grace_ms = 100'000}), 100, 64 << 10);
  const Joined reader(shelf, {"read"});
  fill(shelf, "small", 5);
  fill(shelf, "large", 15);
  fill(shelf, "read", 25);
  shelf.pump(0, shelf.seq);
  REQUIRE(shelf.retention.make_room(static_cast<size_t>(shelf.budget.left()) + 3000));
  CHECK(shelf.seqs("read").size() == 25);
  CHECK(shelf.seqs("small").size() == 5);
  CHECK(shelf.seqs("large").size() < 15);
}

TEST_CASE("topics: when all else has gone memory is taken from topics that are read") {
  Shelf shelf(all({.grace_ms = 100'000}), 100, 64 << 10);
  const Joined reader(shelf, {"read"});
  fill(shelf, "read", 30);
  shelf.pump(0, shelf.seq);
  REQUIRE(shelf.retention.make_room(static_cast<size_t>(shelf.budget.left()) + 3000));
  CHECK(shelf.seqs("read").size() < 30);
  CHECK(shelf.seqs("read").back() == 30);
}

TEST_CASE("topics: memory is not taken from events that a worker has not served yet") {
  Shelf shelf(all({.grace_ms = 0}), 100, 64 << 10);
  const Joined reader(shelf, {"read"});
  fill(shelf, "read", 30);
  const Status status = shelf.retention.make_room(static_cast<size_t>(shelf.budget.left()) + 3000);
  REQUIRE_FALSE(status);
  CHECK(status.error().code == Errc::kBehind);
  CHECK(shelf.seqs("read").size() == 30);
}

TEST_CASE("topics: what is larger than the memory never fits") {
  Shelf shelf(Policies{}, 100, 64 << 10);
  const Status status = shelf.retention.make_room((64 << 10) + 1);
  REQUIRE_FALSE(status);
  CHECK(status.error().code == Errc::kOverloaded);
}

TEST_CASE("topics: what is known of evicted events goes before the events do") {
  Shelf shelf(all({.events = 30, .grace_ms = 0}), 100, 64 << 10);
  fill(shelf, "a", 60);
  const Ring& ring = shelf.catalog.find("a")->ring;
  REQUIRE(ring.evicted().size() == 30);
  const size_t events = ring.size();
  // Just so much more than is left that dropping the log suffices.
  const int64_t reserve = shelf.budget.limit() / 64;
  if (shelf.budget.left() > reserve) {
    REQUIRE(shelf.retention.make_room(static_cast<size_t>(shelf.budget.left())));
  }
  CHECK(ring.size() == events);
  REQUIRE(shelf.retention.make_room(static_cast<size_t>(shelf.budget.left()) + 1));
  CHECK(ring.evicted().size() == 0);
  CHECK(ring.evicted().exact_above() == ring.evicted().high());
}

}  // namespace
}  // namespace ringcast::topics::topics_retention_test
