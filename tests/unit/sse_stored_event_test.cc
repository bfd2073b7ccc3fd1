#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "sse/stored_event.h"

namespace ringcast::sse::sse_stored_event_test {
namespace {

using namespace std::literals;

void check_round_trip(const EventFields& fields) {
  const std::vector<std::string> topics = {"a", "b/c"};
  auto before = Event::encode(fields, topics);
  before->seal("k3f9a", 42, 1000);
  auto after = restore_event(before->body(), fields.id, topics);
  REQUIRE_MESSAGE(after, after.error().detail);
  (*after)->seal("k3f9a", 42, 1000);
  CHECK((*after)->wire() == before->wire());
  CHECK((*after)->id() == before->id());
  CHECK((*after)->has_publisher_id() == before->has_publisher_id());
  CHECK((*after)->type() == before->type());
  CHECK((*after)->retry_ms() == before->retry_ms());
  CHECK((*after)->data() == before->data());
  CHECK((*after)->data_bytes() == before->data_bytes());
  CHECK((*after)->topics() == topics);
}

TEST_CASE("sse: a stored event comes back as it was, whatever it has") {
  for (const std::string_view id : {"", "42", "a b:c"}) {
    for (const std::string_view type : {"", "tick", "data: x"}) {
      for (const std::optional<uint64_t> retry :
           {std::optional<uint64_t>(), std::optional<uint64_t>(1), std::optional<uint64_t>(5000)}) {
        for (const std::string_view data : {""sv, "x"sv, "\n"sv, "a\nb"sv, "a\r\nb\rc\n"sv, " a"sv,
                                            "data: x\nid: 7"sv, "a\n\n\nb"sv, "a\0b"sv}) {
          check_round_trip({.type = type, .id = id, .retry_ms = retry, .data = data});
        }
      }
    }
  }
}

TEST_CASE("sse: bytes that are no stored event are refused") {
  for (const std::string_view body : {"",
                                      "\n",
                                      "\n\n",
                                      "data",
                                      "data: x",
                                      "data: x\n",
                                      "data: x\n\n\n",
                                      "data: x\n\ndata: y\n\n",
                                      "id: 7\ndata: x\n\n",
                                      "event: e\n\n",
                                      "retry: 500\n\n",
                                      "retry: x\ndata: x\n\n",
                                      "retry: \ndata: x\n\n",
                                      "retry: -1\ndata: x\n\n",
                                      "retry: 99999999999999999999\ndata: x\n\n",
                                      "data: x\nevent: e\n\n",
                                      "retry: 500\nevent: e\ndata: x\n\n",
                                      "data: x\n: comment\n\n",
                                      "data:x\n\n",
                                      "event: \ndata: x\n\n",
                                      "retry: 0500\ndata: x\n\n",
                                      "data: a\rb\n\n"}) {
    CAPTURE(body);
    const auto restored = restore_event(body, "", {"t"});
    REQUIRE_FALSE(restored);
    CHECK(restored.error().code == Errc::kInvalid);
    CHECK_FALSE(restored.error().detail.empty());
  }
}

TEST_CASE("sse: a stored event cut off anywhere is refused") {
  constexpr std::string_view kBody = "event: e\nretry: 500\ndata: a\ndata: b\n\n";
  REQUIRE(restore_event(kBody, "", {"t"}));
  for (size_t size = 0; size < kBody.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(restore_event(kBody.substr(0, size), "", {"t"}));
  }
}

}  // namespace
}  // namespace ringcast::sse::sse_stored_event_test
