#include "integration/journal_house.h"

namespace ringcast::journal::journal_rows_test {
namespace {

using namespace std::literals;

TEST_CASE("journal: every kind of event comes back as it was, also after a restart") {
  House house;
  house.open();
  std::vector<std::string> wires;
  std::vector<std::vector<std::string>> names;
  const auto add = [&](std::vector<std::string> topics, const sse::EventFields& fields) {
    wires.emplace_back(house.add(topics, fields).wire());
    names.push_back(std::move(topics));
  };
  add({"a"}, {.data = "x"});
  add({"a", "b/c", "$d"}, {.type = "tick", .id = "my id", .retry_ms = 5000, .data = "1\n2\r\n3"});
  add({"b/c"}, {.id = "7", .data = ""});
  add({"a"}, {.type = "t", .data = std::string_view("\0binary-like \xc3\xa9\n\n", 17)});
  add({"long"}, {.data = std::string(300'000, 'y')});
  house.write();
  for (const bool is_again : {false, true}) {
    CAPTURE(is_again);
    auto reader = house.journal->open_reader();
    REQUIRE(reader);
    auto page = (*reader)->read(
        {.up_to = house.seq, .topics = {.patterns = {"**", "$d"}}, .bytes = 1 << 30});
    REQUIRE(page);
    REQUIRE(page->events.size() == wires.size());
    auto newest = house.journal->newest(house.seq + 1, 100, 1 << 30);
    REQUIRE(newest);
    REQUIRE(newest->size() == wires.size());
    for (size_t i = 0; i < wires.size(); ++i) {
      const sse::Event& event = *page->events[i];
      CHECK(event.wire() == wires[i]);
      CHECK(event.topics() == names[i]);
      CHECK(event.seq() == i + 1);
      CHECK(event.time_ms() == house.now_ms);
      CHECK((*newest)[wires.size() - 1 - i]->wire() == wires[i]);
    }
    reader->reset();
    house.close();
    house.open();
  }
}

TEST_CASE("journal: the newest events come newest first, within both limits") {
  House house;
  house.open();
  for (int i = 0; i < 5; ++i) {
    house.publish("a");
  }
  const auto seqs = [&](uint64_t before, size_t limit, size_t bytes) {
    auto events = house.journal->newest(before, limit, bytes);
    REQUIRE(events);
    std::vector<uint64_t> found;
    for (const auto& event : *events) {
      found.push_back(event->seq());
    }
    return found;
  };
  CHECK(seqs(UINT64_MAX, 3, 1000) == std::vector<uint64_t>{5, 4, 3});
  CHECK(seqs(4, 2, 1000) == std::vector<uint64_t>{3, 2});
  CHECK(seqs(4, 2, 1) == std::vector<uint64_t>{3});
  CHECK(seqs(1, 2, 1000).empty());
}

TEST_CASE("journal: idempotency keys stay until they expire, and a new answer replaces the old") {
  House house;
  house.open();
  const std::string key("k\0\xff", 3);
  house.changes.keys = {
      {.key = key, .accepted = 2, .first_id = "e-1", .last_id = "e-2", .unix_ms = 100},
      {.key = "old", .accepted = 1, .first_id = "x", .last_id = "x", .unix_ms = 50}};
  house.write();
  house.close();
  house.open();
  house.changes.keys = {
      {.key = key, .accepted = 3, .first_id = "e-3", .last_id = "e-5", .unix_ms = 200}};
  house.changes.keys_before_unix_ms = 51;
  house.write();
  auto keys = house.journal->keys();
  REQUIRE(keys);
  REQUIRE(keys->size() == 1);
  CHECK(keys->front().key == key);
  CHECK(keys->front().accepted == 3);
  CHECK(keys->front().first_id == "e-3");
  CHECK(keys->front().last_id == "e-5");
  CHECK(keys->front().unix_ms == 200);
}

TEST_CASE("journal: a topic's numbers are those of what it holds above what is gone") {
  House house;
  house.open();
  std::vector<uint64_t> bytes(1);
  for (int i = 1; i <= 6; ++i) {
    house.now_ms += 10;
    bytes.push_back(
        house.add({"a"}, {.data = std::string(static_cast<size_t>(i), 'x')}).wire().size());
    house.write();
  }
  const auto sum = [&](size_t from) {
    uint64_t total = 0;
    for (size_t i = from; i < bytes.size(); ++i) {
      total += bytes[i];
    }
    return total;
  };
  for (const uint64_t gone : {0, 1, 3, 5, 6}) {
    for (const bool is_erased : {false, true}) {
      CAPTURE(gone);
      CAPTURE(is_erased);
      house.changes.topics = {{.number = 1, .name = "a", .gone_high = gone, .deleted_high = gone}};
      if (is_erased) {
        house.changes.erased_entries = {{1, gone}};
        for (uint64_t seq = 1; seq <= gone; ++seq) {
          house.changes.erased_events.push_back(seq);
        }
      }
      house.write();
      auto topics = house.journal->topics(0, 10);
      REQUIRE(topics);
      REQUIRE(topics->size() == 1);
      const topics::StoredTopic& topic = topics->front();
      CHECK(topic.row.name == "a");
      CHECK(topic.row.gone_high == gone);
      CHECK(topic.row.deleted_high == gone);
      CHECK(topic.events == 6 - gone);
      CHECK(topic.bytes == sum(gone + 1));
      CHECK(topic.oldest_seq == (gone == 6 ? 0 : gone + 1));
      CHECK(topic.newest_seq == (gone == 6 ? 0 : 6));
      CHECK(topic.oldest_time_ms ==
            (gone == 6 ? 0 : 1'000'000 + 10 * static_cast<int64_t>(gone + 1)));
      if (!(gone == 6 && is_erased)) {
        CHECK(topic.nth == 6);
        CHECK(topic.bytes_through == sum(1));
      }
    }
  }
}

TEST_CASE("journal: topics come by number, some at a time, and a dropped name may come again") {
  House house;
  house.open();
  for (const char* name : {"a", "b", "c"}) {
    house.publish(name);
  }
  const auto names = [&](uint64_t after, size_t limit) {
    auto topics = house.journal->topics(after, limit);
    REQUIRE(topics);
    std::string found;
    for (const auto& topic : *topics) {
      found += topic.row.name + std::to_string(topic.row.number);
    }
    return found;
  };
  CHECK(names(0, 2) == "a1b2");
  CHECK(names(2, 2) == "c3");
  house.changes.dropped_topics = {1};
  house.changes.topics = {{.number = 4, .name = "a"}};
  house.changes.erased_events = {1};
  house.changes.forgotten = {1, 0};
  house.write();
  CHECK(names(0, 10) == "b2c3a4");
  house.close();
  house.open();
  CHECK(house.journal->start().forgotten_high == 1);
  CHECK(house.journal->start().forgotten_deleted_high == 0);
  CHECK(house.journal->start().last_seq == 3);
  CHECK(house.seqs() == std::vector<uint64_t>{2, 3});
}

TEST_CASE("journal: the oldest events are told without their bytes") {
  House house;
  house.open();
  house.publish("a");
  house.add({"a", "b"}, {.data = "x"});
  house.write();
  house.publish("b");
  auto all = house.journal->oldest(2, 1 << 20);
  REQUIRE(all);
  REQUIRE(all->size() == 2);
  CHECK((*all)[0].topics == std::vector<std::string>{"a"});
  CHECK((*all)[1].topics == std::vector<std::string>{"a", "b"});
  auto of_b = house.journal->oldest_of(house.number("b"), 0, 10, 1 << 20);
  REQUIRE(of_b);
  REQUIRE(of_b->size() == 2);
  CHECK((*of_b)[0].seq == 2);
  CHECK((*of_b)[0].nth == 1);
  CHECK((*of_b)[1].seq == 3);
  CHECK((*of_b)[1].nth == 2);
  CHECK((*of_b)[1].bytes_through > (*of_b)[0].bytes_through);
  CHECK((*of_b)[1].time_ms == house.now_ms);
  // As many as have so many bytes, and one more.
  const uint64_t first = (*all)[0].bytes;
  CHECK(house.journal->oldest(10, first)->size() == 2);
  CHECK(house.journal->oldest(10, first + 1)->size() == 3);
  CHECK(house.journal->oldest_of(house.number("b"), 0, 10, 0)->size() == 1);
  of_b = house.journal->oldest_of(house.number("b"), 2, 10, 1 << 20);
  REQUIRE(of_b);
  CHECK(of_b->size() == 1);
}

TEST_CASE("journal: an event may come and leave at once") {
  House house;
  house.open();
  for (int i = 0; i < 3; ++i) {
    house.publish("a");
  }
  house.add({"a"}, {.data = "x"});
  house.add({"a"}, {.data = "x"});
  house.changes.erased_entries = {{1, 4}};
  house.changes.erased_events = {1, 2, 3, 4};
  house.write();
  CHECK(house.seqs() == std::vector<uint64_t>{5});
  CHECK(house.seqs({.topics = {.numbers = {1}}}) == std::vector<uint64_t>{5});
}

TEST_CASE("journal: when everything is erased the sequence is still not used again") {
  House house;
  house.open();
  for (int i = 0; i < 5; ++i) {
    house.publish("a");
  }
  house.now_ms += 1000;
  house.publish("a");
  house.trim(100);
  house.write();
  CHECK(house.seqs().empty());
  house.close();
  house.open();
  CHECK(house.notes.empty());
  CHECK(house.journal->start().last_seq == 6);
  CHECK(house.journal->start().last_time_ms == house.now_ms);
  CHECK(house.journal->start().epoch == "e1");
  CHECK(house.journal->start().events == 0);
}

}  // namespace
}  // namespace ringcast::journal::journal_rows_test
