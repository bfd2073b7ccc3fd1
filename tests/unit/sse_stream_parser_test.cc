#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "sse/stream_parser.h"
#include "unit/sse_event_source.h"

namespace ringcast::sse::sse_stream_parser_test {
namespace {

using namespace std::string_literals;
using Strings = std::vector<std::string>;

struct Expected {
  Strings data = {};
  Strings ids = {};          // Empty: not checked.
  std::string last_id = {};  // What a reconnect sends.
  uint64_t retry_ms = 17;    // 17: unchanged.
  Strings types = {};        // Empty: all are "message".
};

void check(const EventSource& client, const Expected& expected) {
  CHECK(client.data == expected.data);
  if (!expected.ids.empty()) {
    CHECK(client.ids == expected.ids);
  }
  CHECK(client.last_id == expected.last_id);
  CHECK(client.retry_ms.value_or(17) == expected.retry_ms);
  CHECK(client.types ==
        (expected.types.empty() ? Strings(expected.data.size(), "message") : expected.types));
}

// The same result for pieces of every size, and for every place of a single cut.
void check_at_every_split(const std::string& bytes, const Expected& expected) {
  for (size_t split = 1; split <= bytes.size(); ++split) {
    CAPTURE(split);
    EventSource pieces;
    REQUIRE(pieces.feed_in_pieces(bytes, split));
    check(pieces, expected);
    EventSource halves;
    REQUIRE(halves.feed(std::string_view(bytes).substr(0, split)));
    REQUIRE(halves.feed(std::string_view(bytes).substr(split)));
    check(halves, expected);
  }
}

// Every block as one text, with the unfinished one at the end.
Strings blocks_of(std::string_view bytes) {
  Strings blocks;
  const StreamParser::Sink sink = [&](Block&& block) -> Status {
    blocks.push_back(block.event.value_or("-") + "|" + block.id.value_or("-") + "|" +
                     block.data.value_or("-") + "|" + block.comment);
    return Ok{};
  };
  StreamParser parser(1000);
  REQUIRE(parser.feed(bytes, sink));
  REQUIRE(parser.finish(sink));
  return blocks;
}

TEST_CASE("sse: one space after the colon is not part of the value") {
  check_at_every_split("data: Hello\n\n", {.data = {"Hello"}});
  check_at_every_split("data:Hello\n\n", {.data = {"Hello"}});
  check_at_every_split("data:  x\n\n", {.data = {" x"}});
  check_at_every_split("data:\tx\n\n", {.data = {"\tx"}});
}

TEST_CASE("sse: a field without a colon has an empty value") {
  check_at_every_split("data\n\ndata\ndata\n\n", {.data = {"", "\n"}});
}

TEST_CASE("sse: an event name counts only in its own block, and an empty one is message") {
  check_at_every_split("event: e\n\ndata: x\n\n", {.data = {"x"}});
  check_at_every_split("event:\ndata: x\n\n", {.data = {"x"}});
  check_at_every_split("event: e\ndata: x\n\n", {.data = {"x"}, .types = {"e"}});
}

TEST_CASE("sse: an id stays until the next, and an empty one resets it") {
  check_at_every_split("id: 1\ndata: a\n\ndata: b\n\n",
                       {.data = {"a", "b"}, .ids = {"1", "1"}, .last_id = "1"});
  check_at_every_split("id: 1\ndata: a\n\nid:\ndata: b\n\n",
                       {.data = {"a", "b"}, .ids = {"1", ""}, .last_id = ""});
}

TEST_CASE("sse: a block with only an id moves the resume point and dispatches nothing") {
  check_at_every_split("id: 7\n\n", {.last_id = "7"});
  check_at_every_split("id: 7\n\ndata: x\n\n", {.data = {"x"}, .ids = {"7"}, .last_id = "7"});
}

TEST_CASE("sse: an id with NUL is ignored") {
  check_at_every_split("id: a\0b\ndata: x\n\n"s, {.data = {"x"}, .ids = {""}});
  check_at_every_split("id: 1\n\nid: a\0b\ndata: x\n\n"s,
                       {.data = {"x"}, .ids = {"1"}, .last_id = "1"});
}

TEST_CASE("sse: an unfinished event is dropped with its id") {
  check_at_every_split("id: 1\ndata: a\n\nid: 2\ndata: b",
                       {.data = {"a"}, .ids = {"1"}, .last_id = "1"});
  check_at_every_split("id: 1\ndata: a\n\nid: 2\ndata: b\n",
                       {.data = {"a"}, .ids = {"1"}, .last_id = "1"});
}

TEST_CASE("sse: a BOM is skipped at the start of the stream only") {
  check_at_every_split(
      "\xEF\xBB\xBF"
      "data: 1\n\n"
      "\xEF\xBB\xBF"
      "data: 2\n\n",
      {.data = {"1"}});
  check_at_every_split(
      "\xEF\xBB\xBF\xEF\xBB\xBF"
      "data: 1\n\ndata: 2\n\n",
      {.data = {"2"}});
  check_at_every_split(
      "\n\xEF\xBB\xBF"
      "data: 1\n\ndata: 2\n\n",
      {.data = {"2"}});
}

TEST_CASE("sse: retry is decimal digits and nothing else") {
  check_at_every_split("retry: 03000\n\n", {.retry_ms = 3000});
  for (const auto* line :
       {"retry: 10x\n", "retry:\n", "retry: -1\n", "retry: 1.5\n", "retry\n", "retry:  1\n",
        "retry: 1 \n", "retry: +1\n", "retry: 18446744073709551616\n"}) {
    CAPTURE(line);
    check_at_every_split(line + "\n"s, {});
  }
  check_at_every_split("retry: 18446744073709551615\n\n", {.retry_ms = UINT64_MAX});
}

TEST_CASE("sse: comments are no data") {
  check_at_every_split(":c\n:\0\n: data: no\ndata: y\n\n"s, {.data = {"y"}});
}

TEST_CASE("sse: CR, LF and CRLF all end a line") {
  check_at_every_split("data: a\r\rdata: b\r\n\r\ndata: c\n\n", {.data = {"a", "b", "c"}});
  check_at_every_split("data: a\n\r\ndata: b\r\n\ndata: c\r\n\r", {.data = {"a", "b", "c"}});
  check_at_every_split("data: a\r\ndata: b\rdata: c\ndata: d\r\n\r\n", {.data = {"a\nb\nc\nd"}});
}

TEST_CASE("sse: a CR at the end of a piece ends the event at once") {
  EventSource client;
  REQUIRE(client.feed("data: a\r\n\r"));
  CHECK(client.data == Strings{"a"});
  REQUIRE(client.feed("\ndata: b\n\n"));
  CHECK(client.data == Strings{"a", "b"});
}

TEST_CASE("sse: field names are exact") {
  check_at_every_split(
      "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n"
      " data:32\ndata:4\n\n"s,
      {.data = {"\0\n 2\n1\n3\n\n4"s}});
}

TEST_CASE("sse: other characters that look like line ends are none") {
  check_at_every_split("data: a\u2028b\x0b\x0c\u0085d\u2029\n\n",
                       {.data = {"a\u2028b\x0b\x0c\u0085d\u2029"}});
}

TEST_CASE("sse: a line of 10 MiB arrives intact") {
  std::string text;
  text.reserve((size_t{10} << 20) + 8);
  while (text.size() < size_t{10} << 20) {
    text += "0123456\u20ac";
  }
  const std::string bytes = "data: " + text + "\n\n";
  for (const size_t piece : {size_t{4093}, size_t{65'536}, bytes.size()}) {
    CAPTURE(piece);
    EventSource client;
    REQUIRE(client.feed_in_pieces(bytes, piece));
    REQUIRE(client.data.size() == 1);
    CHECK((client.data[0] == text));  // Parentheses: a failure must not print 10 MiB.
  }
}

TEST_CASE("sse: multi-byte characters survive every split") {
  check_at_every_split(
      "data: \u00e9\u20ac\U0001F600\nevent: \u00fc\nid: \u00e9\n\n",
      {.data = {"\u00e9\u20ac\U0001F600"}, .last_id = "\u00e9", .types = {"\u00fc"}});
}

TEST_CASE("sse: a block carries what stood in it, comments too") {
  CHECK(blocks_of("event: e\nid: 1\n: c\n:\n:d\ndata: x\n\n") == Strings{"e|1|x|c\n\nd"});
  CHECK(blocks_of(":\n: c\n\n: d\n\n") == Strings{"-|-|-|\nc", "-|-|-|d"});
  CHECK(blocks_of("foo: bar\n\n") == Strings{"-|-|-|"});
  CHECK(blocks_of("\n\r\n\r\n").empty());
}

TEST_CASE("sse: the end of the input ends the last block when the caller says so") {
  CHECK(blocks_of("data: a\n\ndata: b\n") == Strings{"-|-|a|", "-|-|b|"});
  CHECK(blocks_of("data: a\n\ndata: b") == Strings{"-|-|a|", "-|-|b|"});
  CHECK(blocks_of("data: a\r") == Strings{"-|-|a|"});
  CHECK(blocks_of("data") == Strings{"-|-||"});
  CHECK(blocks_of("data: a\n\n") == Strings{"-|-|a|"});
  CHECK(blocks_of("\xEF\xBB\xBF").empty());
  CHECK(blocks_of("").empty());
}

TEST_CASE("sse: the first failure of the sink stops the parser") {
  int calls = 0;
  StreamParser parser(1000);
  const auto status = parser.feed("data: a\n\ndata: b\n\n", [&](Block&&) -> Status {
    ++calls;
    return fail(Errc::kForbidden, "enough");
  });
  REQUIRE_FALSE(status);
  CHECK(status.error().detail == "enough");
  CHECK(calls == 1);
}

TEST_CASE("sse: a block over the limit is too large, however it is cut") {
  // One line, then several that are gathered, then such as are not even kept.
  for (const std::string block : {"data: 0123456789", "data: 01\ndata: 01", ":\n:\n:\n:\n:\n:\n:23",
                                  "data: 01\r\nx: 45678"}) {
    CAPTURE(block);
    const size_t size = block.size() - (block.find('\r') == std::string::npos ? 0 : 1);
    const std::string bytes = "data: ok\n\n" + block + "\n\n";
    for (const size_t limit : {size - 1, size, size + 1}) {
      CAPTURE(limit);
      for (size_t piece = 1; piece <= bytes.size(); ++piece) {
        EventSource client(limit);
        const auto status = client.feed_in_pieces(bytes, piece);
        CHECK(status.has_value() == (limit >= size));
        CHECK((status || status.error().code == Errc::kTooLarge));
        CHECK(client.data.front() == "ok");
      }
    }
  }
}

TEST_CASE("sse: the limit is for each block anew") {
  EventSource client(16);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(client.feed("data: 0123456789\n\n"));
  }
  CHECK(client.data.size() == 100);
}

TEST_CASE("sse: a line without an end is refused before it has filled the memory") {
  EventSource client(1000);
  REQUIRE(client.feed("data: " + std::string(994, 'x')));
  CHECK_FALSE(client.feed("x"));
}

TEST_CASE("sse: random bytes give the same events at every split") {
  std::mt19937 random(20260102);
  static constexpr std::string_view kParts[] = {"data", "id", "event", "retry",       ":",
                                                " ",    "\n", "\r",    "\r\n",        "\n\n",
                                                "7",    "x",  ": ",    "\xEF\xBB\xBF"};
  for (int round = 0; round < 300; ++round) {
    std::string bytes;
    for (size_t i = random() % 40; i > 0; --i) {
      bytes += kParts[random() % std::size(kParts)];
    }
    CAPTURE(bytes);
    EventSource whole;
    REQUIRE(whole.feed(bytes));
    EventSource pieces;
    for (std::string_view rest = bytes; !rest.empty();) {
      const size_t size = std::min<size_t>(1 + random() % 7, rest.size());
      REQUIRE(pieces.feed(rest.substr(0, size)));
      rest.remove_prefix(size);
    }
    CHECK(pieces.data == whole.data);
    CHECK(pieces.types == whole.types);
    CHECK(pieces.ids == whole.ids);
    CHECK(pieces.last_id == whole.last_id);
    CHECK(pieces.retry_ms == whole.retry_ms);
  }
}

}  // namespace
}  // namespace ringcast::sse::sse_stream_parser_test
