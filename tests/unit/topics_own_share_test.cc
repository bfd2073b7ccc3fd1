#include <doctest/doctest.h>

#include <string>

#include "unit/topics_shelf.h"

namespace ringcast::topics::topics_own_share_test {
namespace {

constexpr uint64_t kMemory = 1 << 20;
constexpr int64_t kShare = kMemory / 8;

// Every event in a topic of its own, from `first` on.
void tell(Shelf& shelf, int first, int count) {
  for (int number = first; number < first + count; ++number) {
    shelf.publish({"$mercure/" + std::to_string(number)}, "", "", std::string(500, 'x'));
  }
}

TEST_CASE("topics: the broker's own events have an eighth of the memory, and the oldest leave") {
  Shelf shelf({}, 100, kMemory);
  for (int number = 0; number < 400; ++number) {
    shelf.publish({"news"}, "", "", std::string(500, 'x'));
  }
  const int64_t before = shelf.budget.used();
  tell(shelf, 0, 2000);
  CHECK(shelf.seqs("news").size() == 400);
  CHECK(shelf.seqs("$mercure/0").empty());
  CHECK(shelf.seqs("$mercure/1999").size() == 1);
  // And at most 100 tombstones.
  CHECK(shelf.budget.used() - before < kShare + 100 * 300);
  CHECK(shelf.budget.used() - before > kShare / 2);
}

TEST_CASE("topics: with the memory used up own events make room for themselves alone") {
  Shelf shelf({}, 100, kMemory);
  tell(shelf, 0, 20);
  while (shelf.budget.left() > 1000) {
    shelf.publish({"news"}, "", "", std::string(500, 'x'));
  }
  const size_t events = shelf.seqs("news").size();
  tell(shelf, 20, 100);
  CHECK(shelf.seqs("news").size() == events);
  CHECK(shelf.seqs("$mercure/0").empty());
  CHECK(shelf.seqs("$mercure/119").size() == 1);
  CHECK(shelf.budget.left() > -2000);
}

TEST_CASE("topics: of one topic of the broker the oldest events leave as well") {
  Shelf shelf(all({.events = 100'000}), 100, kMemory);
  for (int number = 0; number < 500; ++number) {
    shelf.publish({"$sys/presence/a"}, "", "", std::string(500, 'x'));
  }
  const auto seqs = shelf.seqs("$sys/presence/a");
  CHECK(seqs.size() < 500);
  CHECK(seqs.back() == 500);
}

TEST_CASE(
    "topics: above their number the topics of the broker with the oldest events are forgotten") {
  Shelf shelf;
  shelf.retention.set_most_own_topics(3);
  tell(shelf, 0, 3);
  tell(shelf, 0, 1);  // An event in the oldest topic does not make it younger.
  tell(shelf, 3, 1);
  CHECK(shelf.catalog.find("$mercure/0")->ring.size() == 1);
  tell(shelf, 4, 1);
  CHECK(shelf.catalog.find("$mercure/1") == nullptr);
  CHECK(shelf.catalog.own_with_events == 3);
}

TEST_CASE("topics: who had not read an own event that left is told of the loss") {
  Shelf shelf;
  shelf.retention.set_most_own_topics(1);
  const Joined reader(shelf, {"$mercure/**"});
  const Joined other(shelf, {"$sys/**"});
  tell(shelf, 0, 2);
  CHECK(reader.loss(0).has_value());
  CHECK_FALSE(reader.loss(1).has_value());
  CHECK_FALSE(other.loss(0).has_value());
  shelf.sweep();
  CHECK(reader.loss(0).has_value());
}

TEST_CASE("topics: an own event that is larger than the share is kept until the next one") {
  Shelf shelf({}, 100, kMemory);
  shelf.publish({"$sys/a"}, "", "", std::string(2 * kShare, 'x'));
  CHECK(shelf.seqs("$sys/a").size() == 1);
  tell(shelf, 0, 1);
  CHECK(shelf.seqs("$sys/a").empty());
}

}  // namespace
}  // namespace ringcast::topics::topics_own_share_test
