#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "sse/blocks.h"
#include "webhooks/backoff.h"
#include "webhooks/batch.h"

namespace ringcast::webhooks::webhooks_batch_test {
namespace {

std::optional<Element> element(std::string_view block) {
  std::optional<Element> found;
  json::Reader reader;
  sse::StreamParser parser(1 << 20);
  REQUIRE(parser.feed(block, [&](sse::Block&& parsed) -> Status {
    found = element_of(parsed, reader);
    return Ok{};
  }));
  return found;
}

std::unique_ptr<sse::Event> sealed(std::string_view type, std::string_view data,
                                   const std::string& topic) {
  auto event = sse::Event::encode({.type = type, .data = data}, {topic});
  event->seal("e", 7, 1'700'000'000'000);
  return event;
}

Element event_element(const char* json) {
  return {.kind = Kind::kPublish, .json = json};
}

TEST_CASE("webhooks: what was published is told with its envelope") {
  const auto event = sealed("paid", "a \"b\"", "orders/1");
  const auto found = element(sse::envelope_block(*event, "orders/1"));
  REQUIRE(found);
  CHECK(found->kind == Kind::kPublish);
  CHECK(found->json == R"({"kind":"publish","id":"e-7","time":"2023-11-14T22:13:20.000Z",)"
                       R"("topic":"orders/1","event":"paid","data":"a \"b\""})");
}

TEST_CASE("webhooks: presence is told as it was, with its id") {
  const auto event = sealed("leave", R"({"topic":"rooms/1","event":"leave","reason":"slow"})",
                            "$sys/presence/rooms/1");
  const auto found = element(sse::envelope_block(*event, "$sys/presence/rooms/1"));
  REQUIRE(found);
  CHECK(found->kind == Kind::kLeave);
  CHECK(found->json ==
        R"({"kind":"leave","id":"e-7","topic":"rooms/1","event":"leave","reason":"slow"})");
}

TEST_CASE("webhooks: data that looks like presence is none") {
  const auto event = sealed("join", R"("topic":"$sys/presence/rooms/1",)", "orders");
  CHECK(element(sse::envelope_block(*event, "orders"))->kind == Kind::kPublish);
}

TEST_CASE("webhooks: gaps and events that are too large are told") {
  const auto gap = element(sse::gap_block(
      {.requested = "e-1", .resumed = "e-9", .reason = sse::GapReason::kLagged, .missed = 8}));
  REQUIRE(gap);
  CHECK(gap->kind == Kind::kGap);
  CHECK(gap->missed == 8);
  CHECK(gap->json ==
        R"({"kind":"gap","requested":"e-1","resumed":"e-9","reason":"lagged","missed":8})");
  CHECK_FALSE(element(sse::gap_block({.reason = sse::GapReason::kUnknown}))->missed);
  const auto large = element(sse::oversize_block(*sealed("", "x", "a"), 999));
  REQUIRE(large);
  CHECK(large->kind == Kind::kOversize);
  CHECK(large->json == R"({"kind":"oversize","id":"e-7","bytes":999})");
}

TEST_CASE("webhooks: blocks without data are nothing") {
  CHECK_FALSE(element(sse::first_block(3000, "e-1", false)));
  CHECK_FALSE(element(sse::id_block("e-1")));
}

TEST_CASE("webhooks: a body has the webhook's name and the elements in order") {
  Batch batch;
  batch.add_start(R"({"kind":"start"})");
  batch.add(event_element(R"({"n":1})"));
  CHECK(batch.events() == 1);
  CHECK(batch.take_body("chat", 1'700'000'000'000) ==
        R"({"type":"ringcast.events","timestamp":"2023-11-14T22:13:20.000Z",)"
        R"("data":{"webhook":"chat","events":[{"kind":"start"},{"n":1}]}})");
}

TEST_CASE("webhooks: what was given up is told in the next batch, before all else") {
  Batch dropped;
  dropped.add_start(R"({"kind":"start"})");
  dropped.add({.kind = Kind::kGap, .json = "{}", .missed = 5});
  dropped.add(event_element("{}"));
  Batch next;
  next.add(event_element(R"({"n":2})"));
  next.begin_with_loss_of(dropped);
  CHECK(next.take_body("w", 0).find(
            R"([{"kind":"start"},)"
            R"({"kind":"gap","reason":"undelivered","missed":6},{"n":2}])") != std::string::npos);
  Batch last;
  last.begin_with_loss_of(next);  // Given up as well.
  CHECK(last.take_body("w", 0).find(R"([{"kind":"start"},)"
                                    R"({"kind":"gap","reason":"undelivered","missed":7}])") !=
        std::string::npos);
}

TEST_CASE("webhooks: where one loss cannot be counted, none of them is") {
  Batch dropped;
  dropped.add({.kind = Kind::kGap, .json = "{}", .missed = std::nullopt});
  dropped.add(event_element("{}"));
  Batch next;
  next.begin_with_loss_of(dropped);
  CHECK(next.take_body("w", 0).find(R"("reason":"undelivered","missed":null)") !=
        std::string::npos);
}

TEST_CASE("webhooks: only a start that was not delivered is no loss") {
  Batch dropped;
  dropped.add_start(R"({"kind":"start"})");
  Batch next;
  next.begin_with_loss_of(dropped);
  CHECK(next.take_body("w", 0).find(R"([{"kind":"start"}])") != std::string::npos);
}

TEST_CASE("webhooks: the wait doubles up to its bound, and is at least a half of it") {
  Backoff longest;
  Backoff shortest;
  for (const int64_t wait_ms : {1000, 2000, 4000, 5000, 5000}) {
    CHECK(longest.next(1000, 5000, static_cast<uint64_t>(wait_ms / 2)) == wait_ms);
    CHECK(shortest.next(1000, 5000, 0) == wait_ms - wait_ms / 2);
  }
  longest.reset();
  CHECK(longest.next(1000, 5000, 500) == 1000);
}

}  // namespace
}  // namespace ringcast::webhooks::webhooks_batch_test
