#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "topics/start.h"
#include "unit/topics_shelf.h"

namespace ringcast::topics::topics_start_test {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;

int64_t time_of(std::string_view text) {
  const auto since = parse_since(text, kNow);
  REQUIRE(since);
  CHECK(since->kind == Since::Kind::kTime);
  return since->unix_ms;
}

TEST_CASE("topics: since takes the names of both ends") {
  CHECK(parse_since("latest", kNow)->kind == Since::Kind::kLatest);
  CHECK(parse_since("earliest", kNow)->kind == Since::Kind::kEarliest);
}

TEST_CASE("topics: since takes a number of events") {
  for (const uint64_t count : {uint64_t{0}, uint64_t{1}, uint64_t{250}, UINT64_MAX}) {
    const auto since = parse_since("-" + std::to_string(count), kNow);
    REQUIRE(since);
    CHECK(since->kind == Since::Kind::kNewest);
    CHECK(since->count == count);
  }
}

TEST_CASE("topics: since takes unix seconds") {
  CHECK(time_of("0") == 0);
  CHECK(time_of("1700000000") == kNow);
  CHECK(time_of("253402300799") == 253'402'300'799'000);
}

TEST_CASE("topics: since takes an age") {
  CHECK(time_of("0s") == kNow);
  CHECK(time_of("1500ms") == kNow - 1500);
  CHECK(time_of("90s") == kNow - 90'000);
  CHECK(time_of("10m") == kNow - 600'000);
  CHECK(time_of("2h") == kNow - 7'200'000);
  CHECK(time_of("1d") == kNow - 86'400'000);
}

TEST_CASE("topics: since takes RFC 3339 times") {
  CHECK(time_of("2023-11-14T22:13:20Z") == kNow);
  CHECK(time_of("2023-11-14t22:13:20z") == kNow);
  CHECK(time_of("2023-11-14 22:13:20Z") == kNow);
  CHECK(time_of("2023-11-14T22:13:20.5Z") == kNow + 500);
  CHECK(time_of("2023-11-14T22:13:20.123999Z") == kNow + 123);
  CHECK(time_of("2023-11-15T00:13:20+02:00") == kNow);
  CHECK(time_of("2023-11-15T00:13:20 02:00") == kNow);  // A query's "+".
  CHECK(time_of("2023-11-14T20:43:20-01:30") == kNow);
  CHECK(time_of("2024-02-29T00:00:00Z") == 1'709'164'800'000);
  CHECK(time_of("2016-12-31T23:59:60Z") == 1'483'228'800'000);
}

TEST_CASE("topics: since refuses everything else, and names what it takes") {
  for (const char* text : {"",
                           "-",
                           "--1",
                           "-1x",
                           "-18446744073709551616",
                           "+5",
                           "1.5",
                           "m",
                           "10 m",
                           "10x",
                           "10M",
                           "253402300800",
                           "253402300800d",
                           "99999999999999999999s",
                           "LATEST",
                           "yesterday",
                           "2023-11-14",
                           "2023-11-14T22:13Z",
                           "2023-11-14T22:13:20",
                           "2023-11-14T22:13:20.Z",
                           "2023-02-29T00:00:00Z",
                           "2023-13-01T00:00:00Z",
                           "2023-11-14T24:00:00Z",
                           "2023-11-14T22:60:00Z",
                           "2023-11-14T22:13:61Z",
                           "2023-11-14T22:13:20+2:00",
                           "2023-11-14T22:13:20+24:00",
                           "2023-11-14T22:13:20+02:60",
                           "2023-11-14T22:13:20Zx"}) {
    CAPTURE(text);
    const auto since = parse_since(text, kNow);
    REQUIRE_FALSE(since);
    CHECK(since.error().code == Errc::kInvalid);
    CHECK(since.error().field == "since");
    CHECK(since.error().detail.find("10m") != std::string::npos);
  }
}

Start start_of(const Joined& reader, const StartRequest& request) {
  return find_start(request, reader, reader.shelf.retention.ids(), "e", reader.shelf.seq);
}

Start start_at(const Joined& reader, const char* id) {
  return start_of(reader, {.last_event_id = id, .since = {}});
}

uint64_t start_since(const Joined& reader, Since since) {
  const Start start = start_of(reader, {.last_event_id = "", .since = since});
  CHECK(start.forget_losses);
  CHECK_FALSE(start.gap);
  return start.cursor;
}

TEST_CASE("topics: a position of this epoch is the place itself") {
  Shelf shelf;
  const Joined reader(shelf, {"a"});
  shelf.publish({"a"});
  shelf.publish({"b"});
  for (const uint64_t seq : {0, 1, 2}) {
    const Start start = start_at(reader, ("e-" + std::to_string(seq)).c_str());
    CHECK(start.cursor == seq);
    CHECK_FALSE(start.gap);
    CHECK_FALSE(start.forget_losses);
  }
}

TEST_CASE("topics: a position in the future is an unknown place") {
  Shelf shelf;
  const Joined reader(shelf, {"a"});
  shelf.publish({"a"});
  CHECK(start_at(reader, "e-2").gap == sse::GapReason::kUnknown);
  CHECK(start_at(reader, "e-2").cursor == 0);
}

TEST_CASE("topics: a position of another epoch, and what is no position, are told apart") {
  Shelf shelf;
  const Joined reader(shelf, {"a"});
  CHECK(start_at(reader, "f-1").gap == sse::GapReason::kEpoch);
  for (const char* id : {"garbage", "e-", "e-01", "-1", "e-1x", "#1", "earliest"}) {
    CHECK(start_at(reader, id).gap == sse::GapReason::kUnknown);
  }
}

TEST_CASE("topics: a publisher's id counts before the form of another epoch's position") {
  Shelf shelf;
  const Joined reader(shelf, {"a"});
  shelf.publish({"b"}, "f-1");
  CHECK(start_at(reader, "f-1").gap == sse::GapReason::kEpoch);
  shelf.publish({"a"}, "f-1");
  shelf.publish({"a"}, "f-1");
  CHECK(start_at(reader, "f-1").cursor == 2);
  CHECK_FALSE(start_at(reader, "f-1").gap);
}

TEST_CASE("topics: an id counts instead of since") {
  Shelf shelf;
  const Joined reader(shelf, {"a"});
  shelf.publish({"a"});
  const Start start =
      start_of(reader, {.last_event_id = "e-1", .since = {.kind = Since::Kind::kEarliest}});
  CHECK(start.cursor == 1);
  CHECK_FALSE(start.forget_losses);
}

TEST_CASE("topics: since places a reader before the first event that it asks for") {
  using Kind = Since::Kind;
  Shelf shelf;
  const Joined reader(shelf, {"a", "b"});
  shelf.publish({"c"});
  shelf.publish({"a"});  // 2
  shelf.advance(1000);
  shelf.publish({"b"});       // 3
  shelf.publish({"a", "b"});  // 4
  shelf.publish({"c"});
  CHECK(start_since(reader, {.kind = Kind::kLatest}) == 5);
  CHECK(start_since(reader, {.kind = Kind::kEarliest}) == 1);
  CHECK(start_since(reader, {.kind = Kind::kNewest, .count = 0}) == 5);
  CHECK(start_since(reader, {.kind = Kind::kNewest, .count = 1}) == 3);
  CHECK(start_since(reader, {.kind = Kind::kNewest, .count = 2}) == 2);
  CHECK(start_since(reader, {.kind = Kind::kNewest, .count = 3}) == 1);
  CHECK(start_since(reader, {.kind = Kind::kNewest, .count = 99}) == 1);
  CHECK(start_since(reader, {.kind = Kind::kTime, .unix_ms = shelf.now_ms - 1000}) == 1);
  CHECK(start_since(reader, {.kind = Kind::kTime, .unix_ms = shelf.now_ms}) == 2);
  CHECK(start_since(reader, {.kind = Kind::kTime, .unix_ms = shelf.now_ms + 1}) == 5);
}

TEST_CASE("topics: the newest events of a filter are those that it lets through") {
  Shelf shelf;
  Joined reader(shelf, {"a"});
  reader.types = {"x"};
  shelf.publish({"a"}, "", "x");
  shelf.publish({"a"});
  CHECK(start_since(reader, {.kind = Since::Kind::kNewest, .count = 1}) == 0);
}

TEST_CASE("topics: the newest events are so many, of whatever topics they are") {
  std::mt19937 random(7);
  const std::vector<std::vector<std::string>> names = {{"a"}, {"b"}, {"c"}, {"x"}, {"a", "c"}};
  for (int round = 0; round < 50; ++round) {
    Shelf shelf(all({.events = 10}));
    Joined reader(shelf, {"a", "b", "c"});
    reader.types = round % 2 == 0 ? std::vector<std::string>{} : std::vector<std::string>{"t"};
    for (int number = 0; number < 40; ++number) {
      shelf.publish(names[random() % names.size()], "", random() % 2 == 0 ? "t" : "");
    }
    std::set<uint64_t> wanted;
    for (const Interest::Link& link : reader.topics) {
      const Ring& ring = link.topic->ring;
      for (size_t index = 0; index < ring.size(); ++index) {
        if (reader.wants(*ring[index].event)) {
          wanted.insert(ring[index].seq);
        }
      }
    }
    for (uint64_t count = 0; count <= 45; ++count) {
      const uint64_t cursor = start_since(reader, {.kind = Since::Kind::kNewest, .count = count});
      const auto got = std::distance(wanted.upper_bound(cursor), wanted.end());
      CHECK(got == static_cast<ptrdiff_t>(std::min<uint64_t>(count, wanted.size())));
    }
  }
}

TEST_CASE(
    "topics: a journal is asked for the newest events only where rings may not have them all") {
  Shelf shelf;
  const Joined reader(shelf, {"a"});
  for (int number = 0; number < 4; ++number) {
    shelf.publish({"a"});
  }
  Topic& topic = *shelf.catalog.find("a");
  topic.disk.number = 1;
  const auto start_on_disk = [&](uint64_t count) {
    return find_start_on_disk(
        {.last_event_id = "", .since = {.kind = Since::Kind::kNewest, .count = count}}, reader, "e",
        shelf.seq);
  };
  const auto page_out = [&] { topic.disk.paged_high = topic.ring.page_out_oldest()->seq(); };
  page_out();
  page_out();
  for (const uint64_t count : {0, 1, 2}) {
    CHECK_FALSE(start_on_disk(count).ask);
    CHECK(start_on_disk(count).cursor == 4 - count);
  }
  for (const uint64_t count : {3, 4, 99}) {
    REQUIRE(start_on_disk(count).ask);
    CHECK(start_on_disk(count).ask->newest == count);
  }
  page_out();
  page_out();
  CHECK_FALSE(start_on_disk(0).ask);
  CHECK(start_on_disk(0).cursor == 4);
  CHECK(start_on_disk(1).ask);
}

TEST_CASE("topics: without events every since is the present") {
  Shelf shelf;
  const Joined reader(shelf, {"a"});
  shelf.publish({"b"});
  CHECK(start_since(reader, {.kind = Since::Kind::kEarliest}) == 1);
  CHECK(start_since(reader, {.kind = Since::Kind::kNewest, .count = 3}) == 1);
  CHECK(start_since(reader, {.kind = Since::Kind::kTime, .unix_ms = 0}) == 1);
}

}  // namespace
}  // namespace ringcast::topics::topics_start_test
