#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "sse/event.h"
#include "unit/sse_event_source.h"

namespace ringcast::sse::sse_event_test {
namespace {

using namespace std::literals;

constexpr std::string_view kEpoch = "k3f9a";

std::unique_ptr<Event> sealed(const EventFields& fields, uint64_t seq = 42) {
  auto event = Event::encode(fields, {"t"});
  event->seal(kEpoch, seq, 1000);
  return event;
}

std::string wire(const EventFields& fields) {
  return std::string(sealed(fields)->wire());
}

// The field that check_fields() refuses; empty when it refuses none.
std::string refused(const EventFields& fields) {
  const auto status = check_fields(fields, kEpoch);
  if (status) {
    return {};
  }
  CHECK(status.error().code == Errc::kInvalid);
  CHECK_FALSE(status.error().detail.empty());
  return status.error().field;
}

TEST_CASE("sse: fields go out in the order id, event, retry, data, and a blank line ends them") {
  CHECK(wire({.type = "e", .retry_ms = 500, .data = "x"}) ==
        "id: k3f9a-42\nevent: e\nretry: 500\ndata: x\n\n");
  CHECK(wire({.data = "x"}) == "id: k3f9a-42\ndata: x\n\n");
}

TEST_CASE("sse: lines end in LF only, whatever the data has") {
  CHECK(wire({.type = "e", .retry_ms = 500, .data = "a\rb\r\nc\n\rd\r"}).find('\r') ==
        std::string::npos);
}

TEST_CASE("sse: data is split at CRLF, CR and LF, one line each") {
  CHECK(wire({.data = "a\r\nb\rc\nd"}) == "id: k3f9a-42\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
  CHECK(wire({.data = "a\n\rb\r\r\nc"}) ==
        "id: k3f9a-42\ndata: a\ndata: \ndata: b\ndata: \ndata: c\n\n");
}

TEST_CASE("sse: data is not split at VT, FF, U+0085, U+2028 and U+2029") {
  CHECK(wire({.data = "a\vb\fc\u0085d\u2028e\u2029f"}) ==
        "id: k3f9a-42\ndata: a\vb\fc\u0085d\u2028e\u2029f\n\n");
}

TEST_CASE("sse: exactly one space follows data: so that a leading one survives") {
  CHECK(wire({.data = " x"}) == "id: k3f9a-42\ndata:  x\n\n");
  CHECK(wire({.data = "\tx\n  y"}) == "id: k3f9a-42\ndata: \tx\ndata:   y\n\n");
}

TEST_CASE("sse: a trailing newline is kept") {
  CHECK(wire({.data = "a\n"}) == "id: k3f9a-42\ndata: a\ndata: \n\n");
  CHECK(wire({.data = "a\r\n"}) == "id: k3f9a-42\ndata: a\ndata: \n\n");
  CHECK(wire({.data = "\n"}) == "id: k3f9a-42\ndata: \ndata: \n\n");
}

TEST_CASE("sse: empty data is one data line") {
  CHECK(wire({.data = ""}) == "id: k3f9a-42\ndata: \n\n");
  CHECK(wire({.data = "0"}) == "id: k3f9a-42\ndata: 0\n\n");
}

TEST_CASE("sse: CR and CRLF in data arrive as LF") {
  const auto event = sealed({.data = "a\r\nb\rc\nd\r\n"});
  CHECK(event->data() == "a\nb\nc\nd\n");
  CHECK(event->data_bytes() == 8);
}

TEST_CASE("sse: data must be valid UTF-8, and NUL in it is legal") {
  CHECK(refused({.data = "\xff"}) == "data");
  CHECK(refused({.data = "a\xc3"}) == "data");
  CHECK(refused({.data = "\xed\xa0\x80"}) == "data");
  CHECK(refused({.data = "a\0b\u20ac"sv}).empty());
  CHECK(sealed({.data = "a\0b"sv})->data() == "a\0b"s);
}

TEST_CASE("sse: line ends in an event name are refused, never stripped") {
  CHECK(refused({.type = "a\nid: 9"}) == "event");
  CHECK(refused({.type = "a\rdata: evil"}) == "event");
  CHECK(refused({.type = "a\n"}) == "event");
  CHECK(refused({.type = "\xff"}) == "event");
}

TEST_CASE("sse: line ends and NUL in an id are refused, never stripped") {
  CHECK(refused({.id = "a\ndata: evil"}) == "id");
  CHECK(refused({.id = "a\rb"}) == "id");
  CHECK(refused({.id = "a\0b"sv}) == "id");
}

TEST_CASE("sse: the event names open, error and ringcast.* are refused") {
  CHECK(refused({.type = "open"}) == "event");
  CHECK(refused({.type = "error"}) == "event");
  CHECK(refused({.type = "ringcast.gap"}) == "event");
  CHECK(refused({.type = "ringcast."}) == "event");
  CHECK(refused({.type = "Open"}).empty());
  CHECK(refused({.type = "errors"}).empty());
  CHECK(refused({.type = "ringcast"}).empty());
  CHECK(refused({.type = "message"}).empty());
  CHECK(refused({.type = ""}).empty());
}

TEST_CASE("sse: an event named comment is an event") {
  CHECK(refused({.type = "comment"}).empty());
  CHECK(wire({.type = "comment", .data = "x"}) == "id: k3f9a-42\nevent: comment\ndata: x\n\n");
}

TEST_CASE("sse: retry is clamped to what every client survives") {
  CHECK(clamp_retry_ms(0) == 100);
  CHECK(clamp_retry_ms(99) == 100);
  CHECK(clamp_retry_ms(100) == 100);
  CHECK(clamp_retry_ms(101) == 101);
  CHECK(clamp_retry_ms(86'399'999) == 86'399'999);
  CHECK(clamp_retry_ms(86'400'000) == 86'400'000);
  CHECK(clamp_retry_ms(86'400'001) == 86'400'000);
  CHECK(clamp_retry_ms(UINT64_MAX) == 86'400'000);
  CHECK(wire({.retry_ms = 0, .data = "x"}) == "id: k3f9a-42\nretry: 100\ndata: x\n\n");
  CHECK(sealed({.retry_ms = 1, .data = "x"})->retry_ms() == 100);
}

TEST_CASE("sse: a publisher's id is printable ASCII without a blank at an end") {
  CHECK(refused({.id = "order 7~!"}).empty());
  CHECK(refused({.id = " a"}) == "id");
  CHECK(refused({.id = "a "}) == "id");
  CHECK(refused({.id = "\ta"}) == "id");
  CHECK(refused({.id = "a\x7f"}) == "id");
  CHECK(refused({.id = "\u00e9"}) == "id");
}

TEST_CASE("sse: a publisher's id has at most 128 bytes") {
  CHECK(refused({.id = std::string(127, 'a')}).empty());
  CHECK(refused({.id = std::string(128, 'a')}).empty());
  CHECK(refused({.id = std::string(129, 'a')}) == "id");
}

TEST_CASE("sse: ids that mean something else are refused") {
  CHECK(refused({.id = "earliest"}) == "id");
  CHECK(refused({.id = "latest"}) == "id");
  CHECK(refused({.id = "#7"}) == "id");
  CHECK(refused({.id = "Earliest"}).empty());
  CHECK(refused({.id = "a#7"}).empty());
}

TEST_CASE("sse: an id of the form of the present epoch's positions is refused") {
  CHECK(refused({.id = "k3f9a-1"}) == "id");
  CHECK(refused({.id = "k3f9a-007"}) == "id");
  CHECK(refused({.id = "k3f9a-" + std::string(30, '9')}) == "id");
  CHECK(refused({.id = "k3f9a-"}).empty());
  CHECK(refused({.id = "k3f9a-1x"}).empty());
  CHECK(refused({.id = "k3f9a"}).empty());
  CHECK(refused({.id = "other-1"}).empty());
}

TEST_CASE("sse: a publisher's id goes out in place of the position") {
  const auto event = sealed({.type = "e", .id = "mine", .data = "x"});
  CHECK(event->wire() == "id: mine\nevent: e\ndata: x\n\n");
  CHECK(event->id() == "mine");
  CHECK(event->has_publisher_id());
  CHECK(event->seq() == 42);
}

TEST_CASE("sse: the longest epoch and sequence number fit") {
  auto event = Event::encode({.data = "x"}, {"t"});
  event->seal("zzzzzzzzzzz", UINT64_MAX, 0);
  CHECK(event->wire() == "id: zzzzzzzzzzz-18446744073709551615\ndata: x\n\n");
  CHECK(event->id() == "zzzzzzzzzzz-18446744073709551615");
}

TEST_CASE("sse: a sealed event knows its parts") {
  auto event = Event::encode({.type = "e", .retry_ms = 500, .data = "a\nb"}, {"t", "u"});
  event->seal(kEpoch, 7, 123);
  CHECK(event->id() == "k3f9a-7");
  CHECK(event->type() == "e");
  CHECK(event->retry_ms() == 500);
  CHECK(event->data() == "a\nb");
  CHECK(event->data_bytes() == 3);
  CHECK(event->topics() == std::vector<std::string>{"t", "u"});
  CHECK(event->seq() == 7);
  CHECK(event->time_ms() == 123);
  CHECK_FALSE(event->has_publisher_id());
  CHECK(sealed({.data = "x"})->type().empty());
}

TEST_CASE("sse: sealing does not move the bytes of an event") {
  auto event = Event::encode({.type = "e", .data = std::string(1000, 'x')}, {"t"});
  const char* type = event->type().data();
  const size_t memory = event->memory();
  event->seal(kEpoch, UINT64_MAX, 0);
  CHECK(event->type().data() == type);
  CHECK(event->memory() == memory);
}

TEST_CASE("sse: the memory of an event counts its bytes and its topics") {
  const size_t small = sealed({.data = "x"})->memory();
  CHECK(small >= sizeof(Event));
  CHECK(sealed({.data = std::string(10'001, 'x')})->memory() >= small + 9'900);
  const auto long_topic = Event::encode({.data = "x"}, {std::string(1000, 't')});
  CHECK(long_topic->memory() >= small + 1000);
}

TEST_CASE("sse: what is encoded is what a client gets") {
  std::mt19937 random(20260103);
  static constexpr std::string_view kParts[] = {"\n",    "\r",     "\r\n",  " ",
                                                ":",     "data: ", "id: 9", "\u20ac",
                                                "\0x"sv, "\u2028", "a",     "\xEF\xBB\xBF"};
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (size_t i = random() % 20; i > 0; --i) {
      text += kParts[random() % std::size(kParts)];
    }
    EventFields fields{.data = text};
    if (random() % 2 == 0) {
      fields.type = "some: type ";
    }
    if (random() % 2 == 0) {
      fields.id = "an: id";
    }
    if (random() % 2 == 0) {
      fields.retry_ms = random() % 100'000'000;
    }
    CAPTURE(text);
    REQUIRE(check_fields(fields, kEpoch));
    const auto event = sealed(fields, random());

    EventSource client;
    REQUIRE(client.feed(": the stream's start\n\n"));
    for (std::string_view rest = event->wire(); !rest.empty();) {
      const size_t size = std::min<size_t>(1 + random() % 9, rest.size());
      REQUIRE(client.feed(rest.substr(0, size)));
      rest.remove_prefix(size);
    }
    REQUIRE(client.data.size() == 1);
    CHECK(client.data[0] == event->data());
    CHECK(event->data().size() == event->data_bytes());
    CHECK(client.types[0] == (fields.type.empty() ? "message" : fields.type));
    CHECK(client.ids[0] == event->id());
    CHECK(client.retry_ms == event->retry_ms());
  }
}

}  // namespace
}  // namespace ringcast::sse::sse_event_test
