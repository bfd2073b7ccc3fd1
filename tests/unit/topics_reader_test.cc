#include <doctest/doctest.h>

#include <vector>

#include "unit/topics_shelf.h"

namespace ringcast::topics::topics_reader_test {
namespace {

using Seqs = std::vector<uint64_t>;

Seqs seqs_of(const Slice& slice) {
  Seqs seqs;
  for (const EventRef& event : slice.events) {
    seqs.push_back(event->seq());
  }
  return seqs;
}

Slice read(const Joined& reader, uint64_t cursor, const SliceLimits& limits = {}) {
  return read_slice(reader, {.cursor = cursor}, reader.shelf.seq, false, limits);
}

void clear(Shelf& shelf, const char* name) {
  shelf.retention.clear(*shelf.catalog.find(name));
}

TEST_CASE("topics: a reader gets what lies between its cursor and what is visible") {
  Shelf shelf;
  const Joined reader(shelf, {"a"});
  for (int left = 5; left > 0; --left) {
    shelf.publish({"a"});
  }
  const Slice slice = read_slice(reader, {.cursor = 1}, 4, false, {});
  CHECK(seqs_of(slice) == Seqs{2, 3, 4});
  CHECK(slice.resumed == 1);
  CHECK(slice.end == 4);
  CHECK_FALSE(slice.loss);
}

TEST_CASE("topics: a reader with nothing to read is moved to what is visible") {
  Shelf shelf;
  const Joined reader(shelf, {"a"});
  shelf.publish({"b"});
  const Slice slice = read(reader, 0);
  CHECK(slice.events.empty());
  CHECK(slice.resumed == 1);
  CHECK(slice.end == 1);
}

TEST_CASE("topics: a reader never goes back") {
  Shelf shelf;
  const Joined reader(shelf, {"a"});
  CHECK(read_slice(reader, {.cursor = 9}, 4, false, {}).end == 9);
}

TEST_CASE("topics: events of several topics come in order, and each once") {
  Shelf shelf;
  const Joined reader(shelf, {"a", "b/*"});
  shelf.publish({"b/1"});
  shelf.publish({"a", "b/2"});
  shelf.publish({"c"});
  shelf.publish({"a"});
  shelf.publish({"b/1", "b/2", "a"});
  CHECK(seqs_of(read(reader, 0)) == Seqs{1, 2, 4, 5});
}

TEST_CASE("topics: a reader with a filter gets only these types") {
  Shelf shelf;
  Joined reader(shelf, {"a"});
  reader.types = {"message", "x"};
  shelf.publish({"a"}, "", "y");
  shelf.publish({"a"}, "", "x");
  shelf.publish({"a"});
  const Slice slice = read(reader, 0);
  CHECK(seqs_of(slice) == Seqs{2, 3});
  CHECK(slice.resumed == 1);
}

TEST_CASE("topics: a slice has a bounded number of events") {
  Shelf shelf;
  const Joined reader(shelf, {"a"});
  for (int left = 4; left > 0; --left) {
    shelf.publish({"a"});
  }
  CHECK(seqs_of(read(reader, 0, {.events = 3})) == Seqs{1, 2, 3});
  CHECK(read(reader, 0, {.events = 3}).end == 3);
  CHECK(read(reader, 0, {.events = 4}).end == 4);
  CHECK(read(reader, 3, {.events = 3}).end == 4);
}

TEST_CASE("topics: a slice ends with the event that makes it large enough") {
  Shelf shelf;
  const Joined reader(shelf, {"a"});
  for (int left = 4; left > 0; --left) {
    shelf.publish({"a"});
  }
  const size_t one = shelf.catalog.find("a")->ring.bytes() / 4;
  CHECK(seqs_of(read(reader, 0, {.bytes = 2 * one})) == Seqs{1, 2});
  CHECK(seqs_of(read(reader, 0, {.bytes = 2 * one + 1})) == Seqs{1, 2, 3});
}

TEST_CASE("topics: a filter that leaves everything out does not make a slice long") {
  Shelf shelf;
  Joined reader(shelf, {"a"});
  reader.types = {"x"};
  for (int left = 4; left > 0; --left) {
    shelf.publish({"a"});
  }
  const Slice slice = read(reader, 0, {.looked_at = 3});
  CHECK(slice.events.empty());
  CHECK(slice.end == 3);
  CHECK(slice.resumed == 3);
}

TEST_CASE("topics: a reader is told how many events are gone") {
  Shelf shelf(all({.events = 2, .grace_ms = 0}));
  const Joined reader(shelf, {"a"});
  shelf.pump(0, 100);
  for (int left = 5; left > 0; --left) {
    shelf.publish({"a"});
  }
  const Slice slice = read(reader, 1);
  REQUIRE(slice.loss);
  CHECK(slice.loss->missed == 2);
  CHECK_FALSE(slice.loss->all_deleted);
  CHECK(slice.resumed == 3);
  CHECK(seqs_of(slice) == Seqs{4, 5});
  CHECK_FALSE(reader.loss(3));
}

TEST_CASE("topics: what was told once is not told again, what goes later is") {
  Shelf shelf;
  const Joined reader(shelf, {"a", "b"});
  shelf.publish({"a"});
  shelf.publish({"b"});
  clear(shelf, "b");
  CHECK(reader.loss(0)->missed == 1);
  const TellTime told = shelf.retention.tell();
  CHECK_FALSE(reader.loss(0, told));
  clear(shelf, "a");  // Older than what was told, and lost later.
  REQUIRE(reader.loss(0, told));
  CHECK(reader.loss(0, told)->missed == 1);
  CHECK(reader.loss(0)->missed == 2);
}

TEST_CASE("topics: an event that still comes through another topic is not lost") {
  Shelf shelf;
  const Joined both(shelf, {"a", "b"});
  const Joined one(shelf, {"a"});
  shelf.publish({"a", "b"});
  clear(shelf, "a");
  CHECK_FALSE(both.loss(0));
  CHECK(one.loss(0)->missed == 1);
  CHECK(seqs_of(read(both, 0)) == Seqs{1});
}

TEST_CASE("topics: an event that all its topics have lost is missing once") {
  Shelf shelf;
  const Joined reader(shelf, {"a", "b"});
  shelf.publish({"a", "b"});
  shelf.publish({"a"});
  clear(shelf, "a");
  CHECK(reader.loss(0)->missed == 1);
  clear(shelf, "b");
  CHECK(reader.loss(0)->missed == 2);
}

TEST_CASE("topics: an event that still comes does not decide why others are missing") {
  Shelf shelf(
      Policies{.fallback = {.grace_ms = 0},
               .rules = {{.match = "a",
                          .policy = {.events = 0, .grace_ms = 0, .lagged = Lagged::kDisconnect}}}});
  const Joined reader(shelf, {"a", "b", "c"});
  shelf.pump(0, 100);
  shelf.publish({"a", "b"});  // Leaves a by count.
  shelf.publish({"c"});
  REQUIRE(shelf.seqs("a").empty());
  clear(shelf, "c");
  REQUIRE(reader.loss(0));
  CHECK(reader.loss(0)->missed == 1);
  CHECK(reader.loss(0)->all_deleted);
  CHECK_FALSE(reader.loss(0)->disconnect);
}

TEST_CASE("topics: what was deleted stays deleted when later events still come") {
  Shelf shelf(
      Policies{.fallback = {}, .rules = {{.match = "a", .policy = {.events = 1, .grace_ms = 0}}}});
  const Joined reader(shelf, {"a", "b"});
  shelf.pump(0, 100);
  shelf.publish({"a"});
  clear(shelf, "a");
  shelf.publish({"a", "b"});
  shelf.publish({"a"});  // Pushes 2 out of a, but not out of b.
  CHECK(reader.loss(0)->missed == 1);
  CHECK(reader.loss(0)->all_deleted);
}

TEST_CASE("topics: a topic that lost events decides whether laggards are disconnected") {
  Shelf shelf(
      Policies{.fallback = {.events = 1, .grace_ms = 0},
               .rules = {{.match = "a",
                          .policy = {.events = 1, .grace_ms = 0, .lagged = Lagged::kDisconnect}}}});
  const Joined reader(shelf, {"a", "b"});
  shelf.pump(0, 100);
  shelf.publish({"b"});
  shelf.publish({"b"});
  shelf.publish({"a"});
  CHECK_FALSE(reader.loss(0)->disconnect);
  shelf.publish({"a"});
  CHECK(reader.loss(0)->disconnect);
}

TEST_CASE("topics: with a filter nobody knows how many events are missing") {
  Shelf shelf;
  Joined reader(shelf, {"a"});
  reader.types = {"x"};
  shelf.publish({"a"});
  clear(shelf, "a");
  REQUIRE(reader.loss(0));
  CHECK_FALSE(reader.loss(0)->missed);
}

TEST_CASE("topics: without the list of evicted events nobody knows how many are missing") {
  Shelf shelf;
  const Joined reader(shelf, {"a"});
  shelf.publish({"a"});
  shelf.publish({"a"});
  clear(shelf, "a");
  shelf.catalog.find("a")->ring.trim_evicted(1);
  CHECK_FALSE(reader.loss(0)->missed);
  CHECK(reader.loss(1)->missed == 1);
}

TEST_CASE("topics: with only the news a reader looks at these topics alone") {
  Shelf shelf;
  Joined reader(shelf, {"a", "b"});
  shelf.publish({"a"});
  shelf.publish({"b"});
  reader.news = {shelf.catalog.find("b")};
  CHECK(seqs_of(read_slice(reader, {.cursor = 0}, 2, true, {})) == Seqs{2});
}

TEST_CASE("topics: a gap in the news tells of all topics, as a telling hides what was before") {
  Shelf shelf;
  Joined reader(shelf, {"a", "b"});
  shelf.publish({"a"});
  reader.news = {shelf.catalog.find("a")};
  shelf.publish({"b"});  // By another thread, after the news were taken.
  clear(shelf, "b");
  CHECK_FALSE(find_loss(reader, {.cursor = 0}, true));
  clear(shelf, "a");
  REQUIRE(find_loss(reader, {.cursor = 0}, true));
  CHECK(find_loss(reader, {.cursor = 0}, true)->missed == 2);
}

}  // namespace
}  // namespace ringcast::topics::topics_reader_test
