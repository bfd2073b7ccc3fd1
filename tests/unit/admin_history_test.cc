#include <doctest/doctest.h>

#include <string>

#include "unit/admin_hub_fixture.h"

namespace ringcast::admin::admin_history_test {
namespace {

TEST_CASE("admin: an event of the history has all its fields") {
  Desk desk;
  desk.publish({"a", "b"}, "line 1\nline \"2\"", "paid", "own id");
  CHECK(desk.body("/history?topic=b") ==
        R"({"events":[{"id":"own id","time":"2023-11-14T22:13:20.000Z","topics":["a","b"],)"
        R"("event":"paid","data":"line 1\nline \"2\"","retry":null}],"gap":null,"next":null})"
        "\n");
}

TEST_CASE("admin: an event without a type is a message in the history") {
  Desk desk;
  desk.publish({"a"}, "");
  CHECK(contains(desk.body("/history?topic=a"), R"("event":"message","data":"")"));
}

TEST_CASE("admin: history wants a topic, as a subscription does") {
  Desk desk;
  const http::Response response = desk.ask("/history");
  CHECK(response.status == 400);
  CHECK(contains(response.body, "\"field\":\"topic\""));
  CHECK(desk.status("/history?topic=a*b") == 400);
  desk.grants.subscribe = {"mine"};
  CHECK(desk.status("/history?topic=mine") == 200);
  CHECK(desk.status("/history?topic=other") == 401);
}

TEST_CASE("admin: history of a topic that is not there is empty and leaves no trace") {
  Desk desk;
  CHECK(desk.body("/history?topic=a&topic=b/**") == "{\"events\":[],\"gap\":null,\"next\":null}\n");
  CHECK(desk.status("/topics/a") == 404);
}

TEST_CASE("admin: history goes through patterns in sequence order, each event once") {
  Desk desk;
  desk.publish({"n/a"}, "1");
  desk.publish({"n/b", "n/a"}, "2");
  desk.publish({"other"}, "3");
  desk.publish({"n/a"}, "4");
  const std::string body = desk.body("/history?topic=n/*&topic=n/a");
  const size_t first = body.find("\"data\":\"1\"");
  const size_t second = body.find("\"data\":\"2\"");
  const size_t fourth = body.find("\"data\":\"4\"");
  REQUIRE(fourth != std::string::npos);
  CHECK(first < second);
  CHECK(second < fourth);
  CHECK(body.find("\"data\":\"2\"", second + 1) == std::string::npos);
  CHECK_FALSE(contains(body, "\"data\":\"3\""));
}

TEST_CASE("admin: history is filtered by event type") {
  Desk desk;
  desk.publish({"a"}, "1", "x");
  desk.publish({"a"}, "2", "y");
  desk.publish({"a"}, "3");
  const std::string typed = desk.body("/history?topic=a&event=x");
  CHECK(contains(typed, "\"data\":\"1\""));
  CHECK_FALSE(contains(typed, "\"data\":\"2\""));
  CHECK(contains(desk.body("/history?topic=a&event=message"), "\"data\":\"3\""));
}

TEST_CASE("admin: history comes page by page, each event once, and ends") {
  constexpr int kEvents = 7;
  for (int limit = 1; limit <= kEvents + 1; ++limit) {
    CAPTURE(limit);
    Desk desk;
    for (int index = 0; index < kEvents; ++index) {
      desk.publish({"a"}, "<" + std::to_string(index) + ">");
      desk.publish({"noise"});
    }
    std::string all;
    std::string after;
    int pages = 0;
    for (;;) {
      REQUIRE(++pages <= kEvents + 2);
      const std::string body = desk.body("/history?topic=a&limit=" + std::to_string(limit) + after);
      for (size_t at = body.find('<'); at != std::string::npos; at = body.find('<', at + 1)) {
        all += body[at + 1];
      }
      const size_t next = body.find("\"next\":\"");
      if (next == std::string::npos) {
        break;
      }
      const size_t begin = next + std::string_view("\"next\":\"").size();
      after = "&after=" + body.substr(begin, body.find('"', begin) - begin);
    }
    CHECK(all == "0123456");
  }
}

TEST_CASE("admin: history after an id that says nothing is everything, and says so") {
  Desk desk;
  desk.publish({"a"}, "1");
  const std::string unknown = desk.body("/history?topic=a&after=what");
  CHECK(contains(unknown, "\"data\":\"1\""));
  CHECK(contains(unknown,
                 R"("gap":{"requested":"what","resumed":"e-0","reason":"unknown","missed":null})"));
  CHECK(contains(desk.body("/history?topic=a&after=zz-5"), R"("reason":"epoch","missed":null)"));
  CHECK(contains(desk.body("/history?topic=a&after=%FF"), R"("requested":"")"));
}

TEST_CASE("admin: history after an event that is gone tells how many are missing, and why") {
  server::Options options;
  options.policies.fallback.events = 2;
  options.policies.fallback.grace_ms = 0;
  Desk desk(options);
  for (int index = 0; index < 6; ++index) {
    desk.publish({"a"});
  }
  CHECK(contains(desk.body("/history?topic=a&after=e-1"),
                 R"("gap":{"requested":"e-1","resumed":"e-4","reason":"expired","missed":3})"));
  CHECK(contains(desk.body("/history?topic=a&after=e-4"), "\"gap\":null"));
  CHECK(contains(desk.body("/history?topic=a"), "\"gap\":null"));  // Asks for what is there.
}

TEST_CASE("admin: history after events that were deleted says that they were") {
  Desk desk;
  topics::Interest subscribed;  // Keeps the topic, and with it the number of what is gone.
  subscribed.patterns = {"a"};
  REQUIRE(desk.hub.open(subscribed, {}));
  desk.publish({"a"});
  desk.publish({"a"});
  desk.ask("/topics/a", http::Method::kDelete);
  desk.publish({"a"});
  CHECK(contains(desk.body("/history?topic=a&after=e-1"),
                 R"("resumed":"e-2","reason":"deleted","missed":1)"));
  desk.hub.leave(subscribed);
}

TEST_CASE(
    "admin: history after a topic that was deleted and forgotten tells a gap without number") {
  Desk desk;
  desk.publish({"a"});
  desk.publish({"a"});
  desk.ask("/topics/a", http::Method::kDelete);
  CHECK(contains(desk.body("/history?topic=a&after=e-1"), R"("reason":"deleted","missed":null)"));
}

TEST_CASE("admin: history may start after a publisher's own id") {
  Desk desk;
  desk.publish({"a"}, "1", "", "mine");
  desk.publish({"a"}, "2");
  const std::string body = desk.body("/history?topic=a&after=mine");
  CHECK_FALSE(contains(body, "\"data\":\"1\""));
  CHECK(contains(body, "\"data\":\"2\""));
  CHECK(contains(body, "\"gap\":null"));
}

}  // namespace
}  // namespace ringcast::admin::admin_history_test
