#include <algorithm>
#include <limits>

#include "integration/journal_house.h"

namespace ringcast::journal::journal_reader_test {
namespace {

using Seqs = std::vector<uint64_t>;
using topics::PageQuery;
using topics::PlaceQuery;

// 1..60 over the topics a, b/1, b/2 and $s; every fifth event is in two of them.
void fill(House& house) {
  house.open();
  const std::vector<std::string> names = {"a", "b/1", "b/2", "$s"};
  for (uint64_t i = 1; i <= 60; ++i) {
    std::vector<std::string> topics = {names[i % 4]};
    if (i % 5 == 0) {
      topics.push_back(names[(i + 1) % 4]);
    }
    house.now_ms = 1'000'000 + static_cast<int64_t>(i / 10) * 100;
    const std::string id = i % 7 == 0 ? "id" + std::to_string(i % 3) : "";
    house.add(topics, {.type = i % 3 == 0 ? "tick" : "", .id = id, .data = "x"});
  }
  house.write();
}

bool is_in(uint64_t seq, size_t topic) {
  return seq % 4 == topic || (seq % 5 == 0 && (seq + 1) % 4 == topic);
}

Seqs expected(uint64_t after, const std::vector<size_t>& topics) {
  Seqs seqs;
  for (uint64_t seq = after + 1; seq <= 60; ++seq) {
    if (std::any_of(topics.begin(), topics.end(),
                    [seq](size_t topic) { return is_in(seq, topic); })) {
      seqs.push_back(seq);
    }
  }
  return seqs;
}

TEST_CASE("journal: pages by topics and by patterns are the same, in order, each event once") {
  House house;
  fill(house);
  for (const uint64_t after : {0, 7, 30, 59, 60}) {
    CAPTURE(after);
    const Seqs all = expected(after, {1, 2});
    CHECK(house.seqs({.after = after,
                      .topics = {.numbers = {house.number("b/1"), house.number("b/2")}}}) == all);
    CHECK(house.seqs({.after = after, .topics = {.patterns = {"b/*"}}}) == all);
    CHECK(house.seqs({.after = after, .topics = {.patterns = {"b/2", "b/1", "b/**"}}}) == all);
    CHECK(house.end == 60);
    CHECK(house.seqs({.after = after, .topics = {.patterns = {"**"}}}) ==
          expected(after, {0, 1, 2}));
    CHECK(house.seqs({.after = after, .topics = {.patterns = {"$s"}}}) == expected(after, {3}));
  }
}

TEST_CASE("journal: what is gone from a topic is not read, though its entries are still there") {
  House house;
  fill(house);
  house.changes.topics = {{.number = house.number("a"), .name = "a", .gone_high = 30}};
  house.write();
  Seqs left;
  for (const uint64_t seq : expected(0, {0, 1})) {
    if (seq > 30 || is_in(seq, 1)) {
      left.push_back(seq);
    }
  }
  CHECK(house.seqs({.topics = {.numbers = {house.number("a"), house.number("b/1")}}}) == left);
  CHECK(house.seqs({.topics = {.patterns = {"a", "b/1"}}}) == left);
}

TEST_CASE("journal: a topic that was dropped and came again does not have its old events") {
  House house;
  fill(house);
  house.changes.dropped_topics = {house.number("a")};
  house.changes.topics = {{.number = 99, .name = "a"}};
  house.write();
  CHECK(house.seqs({.topics = {.patterns = {"a"}}}).empty());
  CHECK(house.seqs({.topics = {.numbers = {99}}}).empty());
  CHECK(house.seqs({.topics = {.patterns = {"b/1"}}}) == expected(0, {1}));
}

TEST_CASE("journal: pages filter by type, and \"message\" is an event without one") {
  House house;
  fill(house);
  Seqs ticks;
  Seqs messages;
  for (const uint64_t seq : expected(0, {0, 1, 2})) {
    (seq % 3 == 0 ? ticks : messages).push_back(seq);
  }
  CHECK(house.seqs({.topics = {.patterns = {"**"}}, .types = {"tick"}}) == ticks);
  CHECK(house.seqs({.topics = {.patterns = {"**"}}, .types = {"message", "other"}}) == messages);
  CHECK(house.seqs({.topics = {.patterns = {"**"}}, .types = {"message", "tick"}}) ==
        expected(0, {0, 1, 2}));
  CHECK(house.seqs({.topics = {.patterns = {"**"}}, .types = {"other"}}).empty());
}

TEST_CASE("journal: a page ends with the event that reaches a limit, and the next goes on there") {
  House house;
  fill(house);
  const Seqs all = expected(0, {0});
  const size_t count = all.size();
  const auto topics = std::vector<uint64_t>{house.number("a")};
  CHECK(house.seqs({.topics = topics, .events = count - 1}).size() == count - 1);
  CHECK(house.end == all[count - 2]);
  CHECK(house.seqs({.topics = topics, .events = count}).size() == count);
  CHECK(house.end == all[count - 1]);
  CHECK(house.seqs({.topics = topics, .events = count + 1}).size() == count);
  CHECK(house.end == 60);

  CHECK(house.seqs({.topics = {.patterns = {"a"}}, .looked_at = 59}).size() == count - 1);
  CHECK(house.end == 59);
  CHECK(house.seqs({.topics = {.patterns = {"a"}}, .looked_at = 61}) == all);
  CHECK(house.end == 60);

  // 4 and 8 have the longest and the shortest block, so that the sizes are known.
  const size_t first = std::string_view("id: e1-4\ndata: x\n\n").size();
  CHECK(house.seqs({.topics = topics, .bytes = first - 1}) == Seqs{4});
  CHECK(house.seqs({.topics = topics, .bytes = first}) == Seqs{4});
  CHECK(house.seqs({.topics = topics, .bytes = first + 1}) == Seqs{4, 8});
  CHECK(house.end == 8);
}

TEST_CASE("journal: page after page finds all, whatever the limits") {
  House house;
  fill(house);
  for (const bool goes_by_topics : {false, true}) {
    for (const size_t limit : {0, 1, 2, 7}) {
      Seqs found;
      PageQuery query{.up_to = 60};
      if (goes_by_topics) {
        query.topics.numbers = {house.number("a"), house.number("b/1")};
      } else {
        query.topics.patterns = {"a", "b/1"};
      }
      for (int kind = 0; kind < 3; ++kind) {
        PageQuery limited = query;
        (kind == 0 ? limited.bytes : kind == 1 ? limited.events : limited.looked_at) = limit;
        found.clear();
        while (limited.after < 60) {
          const Seqs page = house.seqs(limited);
          found.insert(found.end(), page.begin(), page.end());
          REQUIRE(house.end > limited.after);
          limited.after = house.end;
        }
        CHECK(found == expected(0, {0, 1}));
      }
    }
  }
}

TEST_CASE("journal: hundreds of topics are merged in order") {
  House house;
  house.open();
  Seqs all;
  std::vector<uint64_t> numbers;
  for (int round = 0; round < 20; ++round) {
    for (int topic = 0; topic < 300; ++topic) {
      house.add({"t/" + std::to_string(topic * (round + 1) % 300)}, {.data = "x"});
      all.push_back(house.seq);
    }
  }
  house.write();
  for (int topic = 0; topic < 300; ++topic) {
    numbers.push_back(house.number("t/" + std::to_string(topic)));
  }
  CHECK(house.seqs(
            {.topics = numbers, .bytes = 1 << 30, .events = 1 << 20, .looked_at = 1 << 20}) == all);
}

uint64_t place(House& house, PlaceQuery query) {
  if (query.up_to == 0) {
    query.up_to = house.seq;
  }
  auto reader = house.journal->open_reader();
  REQUIRE(reader);
  auto found = (*reader)->find(query);
  REQUIRE_MESSAGE(found, found.error().detail);
  return *found;
}

TEST_CASE("journal: an event is found by its publisher's id, in the topics that are wanted") {
  House house;
  fill(house);
  // id0: 21 42, id1: 7 28 49, id2: 14 35 56.
  CHECK(place(house, {.topics = {.patterns = {"**", "$s"}}, .publisher_id = "id1"}) == 7);
  CHECK(place(house, {.topics = {.patterns = {"a"}}, .publisher_id = "id1"}) == 28);
  CHECK(place(house, {.topics = {.numbers = {house.number("a")}}, .publisher_id = "id1"}) == 28);
  CHECK(place(house, {.topics = {.patterns = {"a"}}, .up_to = 27, .publisher_id = "id1"}) == 0);
  CHECK(place(house, {.topics = {.numbers = {house.number("a")}}, .publisher_id = "id2"}) == 35);
  CHECK(place(house, {.topics = {.patterns = {"**"}}, .publisher_id = "none"}) == 0);
}

TEST_CASE("journal: the n-th newest event is found, or the oldest of fewer") {
  House house;
  fill(house);
  const Seqs all = expected(0, {0, 1});
  const std::vector<uint64_t> topics = {house.number("a"), house.number("b/1")};
  for (const uint64_t n : {1, 2, 5, 30}) {
    CAPTURE(n);
    CHECK(place(house, {.topics = topics, .newest = n}) == all[all.size() - n]);
    CHECK(place(house, {.topics = {.patterns = {"a", "b/1"}}, .newest = n}) == all[all.size() - n]);
  }
  CHECK(place(house, {.topics = topics, .newest = 1000}) == all.front());
  CHECK(place(house, {.topics = {.patterns = {"a"}}, .up_to = 9, .newest = 1}) == 8);
  CHECK(place(house, {.topics = {.patterns = {"a"}}, .types = {"tick"}, .newest = 2}) == 48);
  CHECK(place(house, {.topics = {.patterns = {"a"}}, .newest = 100, .looked_at = 10}) == 52);
  CHECK(place(house, {.topics = {.patterns = {"none"}}, .newest = 1}) == 0);
}

TEST_CASE("journal: the first event at or after a time is found") {
  House house;
  fill(house);
  constexpr int64_t kBegin = 1'000'000;
  CHECK(place(house, {.topics = {.patterns = {"**"}}}) == 1);
  CHECK(place(house, {.topics = {.patterns = {"a"}}, .since_ms = kBegin}) == 4);
  CHECK(place(house, {.topics = {.patterns = {"**"}}, .since_ms = kBegin + 99}) == 10);
  CHECK(place(house, {.topics = {.patterns = {"**"}}, .since_ms = kBegin + 100}) == 10);
  CHECK(place(house, {.topics = {.patterns = {"**", "$s"}}, .since_ms = kBegin + 101}) == 20);
  CHECK(place(house, {.topics = {.numbers = {house.number("a")}}, .since_ms = kBegin + 201}) == 32);
  CHECK(place(house,
              {.topics = {.patterns = {"a"}}, .types = {"tick"}, .since_ms = kBegin + 201}) == 36);
  CHECK(place(house, {.topics = {.patterns = {"none"}}, .since_ms = kBegin, .looked_at = 10}) == 1);
  CHECK(place(house, {.topics = {.patterns = {"none"}}, .since_ms = kBegin}) == 0);
  CHECK(place(house, {.topics = {.patterns = {"**"}}, .since_ms = kBegin + 601}) == 0);
  CHECK(place(house, {.topics = {.patterns = {"**"}}, .up_to = 9, .since_ms = kBegin + 1}) == 0);
}

}  // namespace
}  // namespace ringcast::journal::journal_reader_test
