#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "admin/dashboard.h"
#include "admin/sys_events.h"
#include "admin/sys_feed.h"
#include "base/json.h"
#include "server/hub.h"
#include "support/fake_clock.h"

namespace ringcast::admin::admin_sys_events_test {
namespace {

using server::SlowReader;

constexpr int64_t kNow = 1'700'000'000'000;

bool contains(const std::string& text, std::string_view part) {
  CAPTURE(text);
  const bool does = text.find(part) != std::string::npos;
  CHECK(does);
  return does;
}

bool is_json(const std::string& text) {
  CAPTURE(text);
  json::Reader reader;
  std::string out;
  const bool is =
      reader.read(text, [&](json::Value& root) { return root.append_minified(out); }).has_value();
  CHECK(is);
  return is;
}

SlowReader late(int64_t lag_ms, int64_t stalled_ms = 0, std::string client = "unix") {
  return {.lag_ms = lag_ms, .stalled_ms = stalled_ms, .client = std::move(client)};
}

TEST_CASE("admin: a percentile is the upper end of the bucket that it falls into") {
  Totals::Buckets before{};
  Totals::Buckets now{};
  CHECK_FALSE(percentile_ms(before, now, 0.5));
  before[0] = 1000;  // Of an earlier second: they do not count.
  now[0] = 1000 + 98;
  now[3] = 1;  // Up to 1 ms.
  now[6] = 1;  // Up to 10 ms.
  CHECK(percentile_ms(before, now, 0.5) == 0.1);
  CHECK(percentile_ms(before, now, 0.99) == 1.0);
  CHECK(percentile_ms(before, now, 1) == 10.0);
  now.back() = 1000;
  CHECK(percentile_ms(before, now, 0.99) == 10'000.0);
}

TEST_CASE("admin: rates are those of the time between two totals, and missing before") {
  Snapshot snapshot{.hub = {.published = 100}};
  Totals now = totals_of(snapshot, 40, 3000);
  CHECK(now.events == 60);
  const Totals before{.steady_ms = 1000, .events = 10, .requests = 0};
  StatsEvent event{snapshot, now, nullptr, "e", false, 1, kNow};
  const std::string first = stats_json(event);
  CHECK(is_json(first));
  CHECK(contains(first, "\"rates\":null"));
  CHECK(contains(first, "\"journal\":null"));
  event.before = &before;
  event.is_draining = true;
  const std::string second = stats_json(event);
  CHECK(is_json(second));
  CHECK(contains(second, "\"rates\":{\"events\":25.0,"));
  CHECK(contains(second, "\"state\":\"draining\""));
}

TEST_CASE("admin: of all workers' readers the slowest are told, whatever makes them slow") {
  server::ReaderPass one{
      .streams = 5, .behind = 2, .blocked = 1, .slowest = {late(10), late(0, 900)}};
  server::ReaderPass other{.streams = 7, .behind = 1, .slowest = {late(50)}};
  const std::string text = readers_json({one, other}, kNow);
  CHECK(is_json(text));
  CHECK(contains(text, "\"streams\":12,\"behind\":3,\"blocked\":1"));
  const size_t stalled = text.find("\"stalled_ms\":900");
  CHECK(stalled < text.find("\"lag_ms\":50"));
  CHECK(text.find("\"lag_ms\":50") < text.find("\"lag_ms\":10"));

  one.slowest.assign(server::Watch::kMostReaders, late(1));
  other.slowest.assign(3, late(2, 0, "192.0.2.1"));
  const std::string cut = readers_json({one, other}, kNow);
  size_t readers = 0;
  for (size_t at = cut.find("\"client\""); at != std::string::npos;
       at = cut.find("\"client\"", at + 1)) {
    ++readers;
  }
  CHECK(readers == server::Watch::kMostReaders);
  CHECK(contains(cut, "\"readers\":[{\"client\":\"192.0.2.1\""));
}

TEST_CASE("admin: a reader's topics are cut to five, and the others counted") {
  SlowReader reader = late(1);
  reader.topics = {.names = "a\nb\nc\nd\ne\nf\ng", .more = 13};
  const std::string text = readers_json({{.slowest = {reader}}}, kNow);
  CHECK(contains(text, R"("topics":["a","b","c","d","e"],"more":15)"));
}

TEST_CASE("admin: whatever clients send stays a string") {
  const server::RefusalNotice refusal{.unix_ms = kNow,
                                      .status = 403,
                                      .who = "\"},{\n",
                                      .client = "unix",
                                      .method = "GET",
                                      .path = "/",
                                      .reason = "no \"topic\""};
  CHECK(is_json(refusal_json(refusal)));
  CHECK(contains(refusal_json(refusal), R"("who":"\"},{\n")"));
  const server::GapNotice gap{.unix_ms = kNow,
                              .gap = {.resumed = "e-1", .reason = sse::GapReason::kUnknown},
                              .topics = {.names = "a\"b"}};
  CHECK(is_json(gap_json(gap)));
  CHECK(contains(gap_json(gap), R"("reason":"unknown","missed":null)"));
  CHECK(left_out_json("gaps", 3, kNow) ==
        R"({"time":"2023-11-14T22:13:20.000Z","of":"gaps","left_out":3})");
}

TEST_CASE("admin: a file of the dashboard comes with a policy that lets it load nothing else") {
  for (const char* name : {"", "dashboard.css", "dashboard.js", "views.js", "streams.js"}) {
    CAPTURE(name);
    const http::Response response = dashboard_file(name);
    CHECK(response.status == 200);
    CHECK_FALSE(response.body.empty());
    CHECK(response.content_type.starts_with("text/"));
    CHECK(response.headers[0].first == "Content-Security-Policy");
    CHECK(response.headers[0].second.find("unsafe") == std::string::npos);
  }
  CHECK(dashboard_file("/").status == 404);
  CHECK(dashboard_file("dashboard.html").status == 404);
}

// A hub and a feed, without loops.
struct Desk {
  size_t events_in(const std::string& topic) {
    const auto view = hub.view(topic);
    return view ? view->events : 0;
  }
  void tick(int64_t ms = 100) {
    clock.advance(ms);
    feed.tick(false);
  }

  FakeClock clock;
  server::Hub hub{server::Options{}, "e", clock};
  server::Watch watch;
  size_t snapshots = 0;
  SysFeed feed{hub,
               {.snapshot =
                    [this] {
                      ++snapshots;
                      return Snapshot{};
                    },
                .watches = {&watch}}};
};

struct Watcher : topics::Interest {
  Watcher(server::Hub& its_hub, std::string topic) : hub(its_hub) {
    patterns = {std::move(topic)};
    readers = 1;
    REQUIRE(hub.open(*this, {}));
  }
  ~Watcher() { hub.leave(*this); }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  server::Hub& hub;
};

TEST_CASE("admin: without watchers nothing is collected, noted or published") {
  Desk desk;
  for (int nth = 0; nth < 30; ++nth) {
    desk.tick();
  }
  CHECK(desk.snapshots == 0);
  CHECK(desk.hub.counts().published == 0);
  CHECK_FALSE(desk.watch.wants_refusals());
  CHECK_FALSE(desk.watch.wants_gaps());
  CHECK_FALSE(desk.watch.wants_readers());
}

TEST_CASE("admin: statistics come at once and then each second, and only what is watched") {
  Desk desk;
  {
    const Watcher watcher(desk.hub, "$sys/stats");
    desk.tick();
    CHECK(desk.events_in("$sys/stats") == 1);
    for (int nth = 0; nth < 20; ++nth) {
      desk.tick();
    }
    CHECK(desk.events_in("$sys/stats") == 3);
    CHECK(desk.hub.counts().published == 3);
    CHECK_FALSE(desk.watch.wants_readers());
  }
  desk.tick(5000);
  CHECK(desk.hub.counts().published == 3);
}

TEST_CASE("admin: refusals are told as they come, twenty a second, and the others counted") {
  Desk desk;
  const Watcher watcher(desk.hub, "$sys/refusals");
  desk.tick();
  CHECK(desk.watch.wants_refusals());
  for (int nth = 0; nth < 30; ++nth) {
    desk.watch.note_refusal([] { return server::RefusalNotice{.status = 404}; });
  }
  desk.tick();
  CHECK(desk.events_in("$sys/refusals") == SysFeed::kNoticesPerSecond);
  desk.tick(1000);
  CHECK(desk.events_in("$sys/refusals") == SysFeed::kNoticesPerSecond + 1);
  desk.tick(1000);
  CHECK(desk.events_in("$sys/refusals") == SysFeed::kNoticesPerSecond + 1);
}

}  // namespace
}  // namespace ringcast::admin::admin_sys_events_test
