#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "topics/ring.h"

namespace ringcast::topics::topics_ring_test {
namespace {

EventRef event_of(Budget& budget, uint64_t seq, std::vector<std::string> topics = {"t"},
                  int64_t time_ms = 0) {
  auto event = sse::Event::encode({.data = "x"}, std::move(topics));
  event->seal("e", seq, time_ms);
  return budget.hold(std::move(event));
}

std::vector<uint64_t> shared_after(const EvictedLog& log, uint64_t after) {
  std::vector<const SharedLoss*> losses;
  log.collect_shared(after, losses);
  std::vector<uint64_t> seqs;
  for (const SharedLoss* loss : losses) {
    seqs.push_back(loss->seq);
  }
  return seqs;
}

TEST_CASE("topics: a ring finds the first event after a seq") {
  Budget budget(1 << 20);
  Ring ring(budget);
  CHECK(ring.first_after(0) == 0);
  for (const uint64_t seq : {3, 5, 9}) {
    ring.append(event_of(budget, seq));
  }
  CHECK(ring.first_after(0) == 0);
  CHECK(ring.first_after(2) == 0);
  CHECK(ring.first_after(3) == 1);
  CHECK(ring.first_after(4) == 1);
  CHECK(ring.first_after(5) == 2);
  CHECK(ring.first_after(8) == 2);
  CHECK(ring.first_after(9) == 3);
  CHECK(ring.first_after(10) == 3);
}

TEST_CASE("topics: a ring knows what it contains") {
  Budget budget(1 << 20);
  Ring ring(budget);
  CHECK_FALSE(ring.contains(3));
  ring.append(event_of(budget, 3));
  ring.append(event_of(budget, 5));
  CHECK(ring.contains(3));
  CHECK_FALSE(ring.contains(4));
  CHECK(ring.contains(5));
  CHECK_FALSE(ring.contains(6));
  ring.evict_oldest(1, 10);
  CHECK_FALSE(ring.contains(3));
  CHECK(ring.contains(5));
}

TEST_CASE("topics: a ring finds the first event at or after a time") {
  Budget budget(1 << 20);
  Ring ring(budget);
  ring.append(event_of(budget, 1, {"t"}, 1000));
  ring.append(event_of(budget, 2, {"t"}, 1000));
  ring.append(event_of(budget, 3, {"t"}, 2000));
  CHECK(ring.first_since(999) == 0);
  CHECK(ring.first_since(1000) == 0);
  CHECK(ring.first_since(1001) == 2);
  CHECK(ring.first_since(2001) == 3);
}

TEST_CASE("topics: a ring counts the bytes of its blocks") {
  Budget budget(1 << 20);
  Ring ring(budget);
  const EventRef event = event_of(budget, 1);
  ring.append(event);
  ring.append(event_of(budget, 2));
  CHECK(ring.bytes() == 2 * event->wire().size());
  CHECK(ring.evict_oldest(1, 10) == event);
  CHECK(ring.bytes() == event->wire().size());
}

TEST_CASE("topics: a ring gives all its memory back") {
  Budget budget(1 << 20);
  {
    Ring ring(budget);
    for (uint64_t seq = 1; seq <= 100; ++seq) {
      ring.append(event_of(budget, seq));
    }
    CHECK(budget.used() > 0);
    for (int left = 60; left > 0; --left) {
      ring.evict_oldest(1, 5);
    }
  }
  CHECK(budget.used() == 0);
}

TEST_CASE("topics: the budget charges an event until the last holder lets go") {
  Budget budget(1 << 20);
  EventRef first = event_of(budget, 1);
  CHECK(budget.used() == static_cast<int64_t>(first->memory()));
  EventRef second = first;
  first.reset();
  CHECK(budget.used() == static_cast<int64_t>(second->memory()));
  second.reset();
  CHECK(budget.used() == 0);
}

TEST_CASE("topics: the evicted log counts what is lost after a place") {
  EvictedLog log;
  for (const uint64_t seq : {2, 4, 7}) {
    log.add(seq, false, 1);
  }
  CHECK(log.high() == 7);
  CHECK(log.count_unshared(0) == 3);
  CHECK(log.count_unshared(1) == 3);
  CHECK(log.count_unshared(2) == 2);
  CHECK(log.count_unshared(6) == 1);
  CHECK(log.count_unshared(7) == 0);
  CHECK(log.last_unshared() == 7);
}

TEST_CASE("topics: the evicted log names the events that had other topics too") {
  EvictedLog log;
  log.add(2, true, 1);
  log.add(4, false, 1);
  log.add(7, true, 1);
  CHECK(log.count_unshared(0) == 1);
  CHECK(shared_after(log, 0) == std::vector<uint64_t>{2, 7});
  CHECK(shared_after(log, 2) == std::vector<uint64_t>{7});
  CHECK(shared_after(log, 7).empty());
}

TEST_CASE("topics: the evicted log is exact above what it has dropped, oldest first") {
  EvictedLog log;
  log.add(2, true, 1);
  log.add(4, false, 1);
  log.add(7, true, 1);
  log.trim(3);
  CHECK(log.exact_above() == 0);
  log.trim(2);
  CHECK(log.exact_above() == 2);
  log.trim(1);
  CHECK(log.exact_above() == 4);
  CHECK(shared_after(log, 4) == std::vector<uint64_t>{7});
  log.trim(0);
  CHECK(log.exact_above() == 7);
  CHECK(log.size() == 0);
  CHECK(log.high() == 7);
}

TEST_CASE("topics: the evicted log knows what was gone when somebody was told") {
  EvictedLog log;
  CHECK(log.high_at(5) == 0);
  log.add(2, false, 3);
  log.add(4, false, 3);
  log.add(7, false, 6);
  CHECK(log.high_at(0) == 0);  // Never told.
  CHECK(log.high_at(2) == 0);
  CHECK(log.high_at(3) == 4);
  CHECK(log.high_at(5) == 4);
  CHECK(log.high_at(6) == 7);
  CHECK(log.last_time() == 6);
}

TEST_CASE("topics: who was told before the evicted log was dropped is not told that again") {
  EvictedLog log;
  log.add(2, false, 3);
  log.add(4, false, 3);
  log.trim(0);
  CHECK(log.high_at(3) == 4);
  log.add(7, false, 6);
  log.trim(1);
  CHECK(log.exact_above() == 4);
  CHECK(log.high_at(3) == 4);  // So that only 7 is new, and has a number.
  CHECK(log.high_at(6) == 7);
}

TEST_CASE("topics: a topic that comes back has lost an unknown number") {
  EvictedLog log;
  log.forget_up_to(9, 4);
  CHECK(log.high() == 9);
  CHECK(log.exact_above() == 9);
  CHECK(log.high_at(3) == 0);
  CHECK(log.high_at(4) == 9);
  log.add(12, false, 5);
  CHECK(log.exact_above() == 9);
  CHECK(log.count_unshared(9) == 1);
  log.forget_up_to(10, 7);  // Known already.
  CHECK(log.high() == 12);
  CHECK(log.exact_above() == 9);
}

TEST_CASE("topics: a ring remembers of its losses as many as it is told to") {
  Budget budget(1 << 20);
  Ring ring(budget);
  for (uint64_t seq = 1; seq <= 10; ++seq) {
    ring.append(event_of(
        budget, seq,
        seq % 2 == 0 ? std::vector<std::string>{"t", "u"} : std::vector<std::string>{"t"}));
  }
  for (int left = 6; left > 0; --left) {
    ring.evict_oldest(1, 4);
  }
  CHECK(ring.size() == 4);
  CHECK(ring.oldest().seq == 7);
  CHECK(ring.newest().seq == 10);
  CHECK(ring.evicted().size() == 4);
  CHECK(ring.evicted().exact_above() == 2);
  CHECK(ring.evicted().count_unshared(2) == 2);
  CHECK(shared_after(ring.evicted(), 2) == std::vector<uint64_t>{4, 6});
}

}  // namespace
}  // namespace ringcast::topics::topics_ring_test
