#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sse/blocks.h"
#include "unit/sse_event_source.h"

namespace ringcast::sse::sse_blocks_test {
namespace {

using namespace std::literals;

std::unique_ptr<Event> sealed(const EventFields& fields, int64_t time_ms = 0) {
  auto event = Event::encode(fields, {"t"});
  event->seal("k3f9a", 42, time_ms);
  return event;
}

TEST_CASE("sse: the stream starts with a comment and an id, and dispatches nothing") {
  const std::string block = first_block(3000, "k3f9a-7", false);
  CHECK(block == ": ringcast\nretry: 3000\nid: k3f9a-7\n\n");
  EventSource client;
  REQUIRE(client.feed(block));
  CHECK(client.data.empty());
  CHECK(client.last_id == "k3f9a-7");
  CHECK(client.retry_ms == 3000);
}

TEST_CASE("sse: padding is 2 KiB of comment before everything else") {
  const std::string block = first_block(3000, "k3f9a-7", true);
  CHECK(block == ":" + std::string(2048, ' ') + "\n" + first_block(3000, "k3f9a-7", false));
}

TEST_CASE("sse: a stream that starts at no place leaves the client its id") {
  const std::string block = first_block(3000, "", false);
  CHECK(block == ": ringcast\nretry: 3000\n\n");
  EventSource client;
  REQUIRE(client.feed("id: k3f9a-7\n\n" + block));
  CHECK(client.last_id == "k3f9a-7");
}

TEST_CASE("sse: an id block moves the resume point and dispatches nothing") {
  CHECK(id_block("k3f9a-7") == "id: k3f9a-7\n\n");
  EventSource client;
  REQUIRE(client.feed(id_block("k3f9a-7")));
  CHECK(client.data.empty());
  CHECK(client.last_id == "k3f9a-7");
}

TEST_CASE("sse: every line of a comment starts with a colon") {
  CHECK(comment_block("a") == ": a\n\n");
  CHECK(comment_block("a\nb\rdata: evil\r\nid: 9\n") == ": a\n: b\n: data: evil\n: id: 9\n: \n\n");
  CHECK(comment_block("") == ": \n\n");
  EventSource client;
  REQUIRE(client.feed(comment_block("\rdata: evil\r\r\ndata: evil\n\ndata: evil\n\n")));
  CHECK(client.data.empty());
}

TEST_CASE("sse: the end of a stream says when to come back, and why") {
  CHECK(end_block(1234, "draining") == "retry: 1234\n: draining\n\n");
  CHECK(end_block(1234, "a\rretry: 0") == "retry: 1234\n: a\n: retry: 0\n\n");
}

TEST_CASE("sse: the retry of the broker's own blocks is clamped") {
  CHECK(end_block(0, "x") == "retry: 100\n: x\n\n");
  CHECK(first_block(UINT64_MAX, "e-0", false) == ": ringcast\nretry: 86400000\nid: e-0\n\n");
}

TEST_CASE("sse: a gap says what was asked for, where it resumes, why, and how many are gone") {
  CHECK(gap_block(
            {.requested = "e-1", .resumed = "e-5", .reason = GapReason::kLagged, .missed = 3}) ==
        "id: e-5\nevent: ringcast.gap\n"
        "data: {\"requested\":\"e-1\",\"resumed\":\"e-5\",\"reason\":\"lagged\",\"missed\":3}\n\n");
}

TEST_CASE("sse: a gap whose size is not known says null") {
  CHECK(
      gap_block({.requested = "x",
                 .resumed = "e-5",
                 .reason = GapReason::kUnknown,
                 .missed = std::nullopt}) ==
      "id: e-5\nevent: ringcast.gap\n"
      "data: {\"requested\":\"x\",\"resumed\":\"e-5\",\"reason\":\"unknown\",\"missed\":null}\n\n");
}

TEST_CASE("sse: the reasons of gaps have their names") {
  CHECK(name_of(GapReason::kExpired) == "expired");
  CHECK(name_of(GapReason::kDeleted) == "deleted");
  CHECK(name_of(GapReason::kLost) == "lost");
  CHECK(name_of(GapReason::kLagged) == "lagged");
  CHECK(name_of(GapReason::kEpoch) == "epoch");
  CHECK(name_of(GapReason::kUnknown) == "unknown");
}

// What a gap block says was requested, as JSON text without its quotes.
std::string requested_in_gap(std::string requested) {
  const std::string block = gap_block({.requested = std::move(requested),
                                       .resumed = "e-5",
                                       .reason = GapReason::kUnknown,
                                       .missed = std::nullopt});
  EventSource client;
  REQUIRE(client.feed(block));
  REQUIRE(client.data.size() == 1);
  CHECK(client.types[0] == "ringcast.gap");
  const std::string& json = client.data[0];
  const auto begin = "{\"requested\":\""sv.size();
  return json.substr(begin, json.rfind("\",\"resumed\":") - begin);
}

TEST_CASE("sse: an untrusted id in a gap cannot break out of its string") {
  CHECK(requested_in_gap("\",\"missed\":0,\"x\":\"") == R"(\",\"missed\":0,\"x\":\")");
  CHECK(requested_in_gap("a\n\ndata: evil\n\n") == R"(a\n\ndata: evil\n\n)");
  CHECK(requested_in_gap("a\rb") == R"(a\rb)");
}

TEST_CASE("sse: an untrusted id in a gap is cut to 128 bytes between characters") {
  const std::string a127(127, 'a');
  CHECK(requested_in_gap(a127) == a127);
  CHECK(requested_in_gap(a127 + "b") == a127 + "b");
  CHECK(requested_in_gap(a127 + "bc") == a127 + "b");
  CHECK(requested_in_gap(a127 + "\u00e9") == a127);
  CHECK(requested_in_gap(a127 + "\U0001F600 and more") == a127);
  CHECK(requested_in_gap(a127.substr(3) + "\U0001F600 and more") == a127.substr(3) + "\U0001F600");
}

TEST_CASE("sse: an untrusted id in a gap that is not UTF-8 becomes such") {
  CHECK(requested_in_gap("a\xff\x80z") == "a\uFFFD\uFFFDz");
  CHECK(requested_in_gap(std::string(1000, '\x80')).size() <= 3 * 128);
}

TEST_CASE("sse: an envelope carries id, time, topic, event and data") {
  const auto event =
      sealed({.type = "e", .retry_ms = 500, .data = "a\r\n\"b\""}, 1'767'323'045'678);
  CHECK(envelope_block(*event, "orders/1") ==
        "id: k3f9a-42\nevent: e\nretry: 500\n"
        "data: {\"id\":\"k3f9a-42\",\"time\":\"2026-01-02T03:04:05.678Z\",\"topic\":\"orders/1\","
        "\"event\":\"e\",\"data\":\"a\\n\\\"b\\\"\"}\n\n");
}

TEST_CASE("sse: an envelope names the type message, the block does not") {
  CHECK(envelope_block(*sealed({.data = ""}), "t") ==
        "id: k3f9a-42\n"
        "data: {\"id\":\"k3f9a-42\",\"time\":\"1970-01-01T00:00:00.000Z\",\"topic\":\"t\","
        "\"event\":\"message\",\"data\":\"\"}\n\n");
}

TEST_CASE("sse: an envelope has the publisher's id") {
  EventSource client;
  REQUIRE(client.feed(envelope_block(*sealed({.id = "a\"b", .data = "x"}), "t")));
  CHECK(client.ids == std::vector<std::string>{"a\"b"});
  CHECK(client.data[0].starts_with(R"({"id":"a\"b","time":)"));
}

TEST_CASE("sse: oversize data is told by its bytes, with the event's id first") {
  CHECK(oversize_block(*sealed({.type = "e", .data = "x"}), 70'000) ==
        "id: k3f9a-42\nevent: ringcast.oversize\ndata: {\"bytes\":70000}\n\n");
  CHECK(oversize_block(*sealed({.id = "mine", .data = "x"}), 0) ==
        "id: mine\nevent: ringcast.oversize\ndata: {\"bytes\":0}\n\n");
}

TEST_CASE("sse: times are RFC 3339 in UTC with milliseconds") {
  CHECK(format_time(0) == "1970-01-01T00:00:00.000Z");
  CHECK(format_time(1) == "1970-01-01T00:00:00.001Z");
  CHECK(format_time(1'767'323'045'678) == "2026-01-02T03:04:05.678Z");
  CHECK(format_time(951'782'400'000) == "2000-02-29T00:00:00.000Z");
  CHECK(format_time(4'107'542'399'999) == "2100-02-28T23:59:59.999Z");
  CHECK(format_time(4'107'542'400'000) == "2100-03-01T00:00:00.000Z");
}

TEST_CASE("sse: times before 1970 count down") {
  CHECK(format_time(-1) == "1969-12-31T23:59:59.999Z");
  CHECK(format_time(-86'400'000) == "1969-12-31T00:00:00.000Z");
  CHECK(format_time(-86'400'001) == "1969-12-30T23:59:59.999Z");
}

TEST_CASE("sse: times stay within the years that RFC 3339 can write") {
  CHECK(format_time(253'402'300'799'998) == "9999-12-31T23:59:59.998Z");
  CHECK(format_time(253'402'300'799'999) == "9999-12-31T23:59:59.999Z");
  CHECK(format_time(253'402'300'800'000) == "9999-12-31T23:59:59.999Z");
  CHECK(format_time(INT64_MAX) == "9999-12-31T23:59:59.999Z");
  CHECK(format_time(-62'167'219'199'999) == "0000-01-01T00:00:00.001Z");
  CHECK(format_time(-62'167'219'200'000) == "0000-01-01T00:00:00.000Z");
  CHECK(format_time(-62'167'219'200'001) == "0000-01-01T00:00:00.000Z");
  CHECK(format_time(INT64_MIN) == "0000-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace ringcast::sse::sse_blocks_test
