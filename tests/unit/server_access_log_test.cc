#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "http/response.h"
#include "server/access_log.h"
#include "support/fake_clock.h"

namespace ringcast::server::server_access_log_test {
namespace {

// A line as "message name=value name=value".
std::string text_of(const LogLine& line) {
  std::string text = line.message;
  for (const auto& [name, value] : line.fields) {
    text.append(" ").append(name).append("=").append(value);
  }
  return text;
}

struct Trail {
  explicit Trail(AccessLines told = AccessLines::kAll) { log.set_lines(told); }

  void refuse() { log.refused(cam, http::problem({.code = Errc::kForbidden, .detail = "no"})); }
  [[nodiscard]] std::string last() const { return text_of(lines.back()); }

  std::vector<LogLine> lines;
  FakeClock clock;
  AccessLog log{[this](const LogLine& line) { lines.push_back(line); }, clock};
  AccessSubject cam{"cam", "192.0.2.1", http::Method::kPost, "/topics/a"};
};

TEST_CASE("access log: a refusal says who asked what from where, and why not") {
  Trail trail;
  trail.log.refused(
      {"cam", "192.0.2.1", http::Method::kPut, "/topics/a?access_token=rc_secret"},
      http::problem(
          {.code = Errc::kForbidden, .detail = "cam may not publish to a", .field = "topic"}));
  REQUIRE(trail.lines.size() == 1);
  CHECK(trail.lines[0].level == LogLevel::kInfo);
  CHECK(trail.lines[0].module == "access");
  CHECK(trail.last() ==
        "refused who=cam client=192.0.2.1 method=PUT path=/topics/a status=403 "
        "reason=cam may not publish to a");
}

TEST_CASE("access log: a refusal without a detail is told by its status") {
  Trail trail;
  trail.log.refused({"", "unix", http::Method::kGet, "/"}, {.status = 401});
  CHECK(trail.last() ==
        "refused who= client=unix method=GET path=/ status=401 reason=Unauthorized");
}

TEST_CASE("access log: what begins wrongly is told once in a second, whatever else is wanted") {
  Trail trail(AccessLines::kNone);
  trail.clock.advance(10'000);
  for (int i = 0; i < 3; ++i) {
    trail.log.misbegun(LogLevel::kWarn, "no header", "192.0.2.1");
  }
  REQUIRE(trail.lines.size() == 1);
  CHECK(trail.lines[0].level == LogLevel::kWarn);
  CHECK(trail.lines[0].module == "net");
  CHECK(trail.last() == "no header client=192.0.2.1");
  trail.clock.advance(1000);
  trail.log.misbegun(LogLevel::kWarn, "no header", "192.0.2.1");
  CHECK(trail.lines.size() == 2);
}

TEST_CASE("access log: what counts as refused") {
  const Trail trail(AccessLines::kRefused);
  for (const int status : {401, 403, 413, 429}) {
    CHECK(trail.log.wants_refusal(status));
  }
  for (const int status : {200, 204, 400, 404, 405, 408, 431, 503, 507}) {
    CHECK_FALSE(trail.log.wants_refusal(status));
  }
}

TEST_CASE("access log: log.access decides what it wants to be told") {
  CHECK(Trail(AccessLines::kRefused).log.wants_refusals());
  CHECK_FALSE(Trail(AccessLines::kRefused).log.wants_all());
  CHECK(Trail(AccessLines::kAll).log.wants_refusals());
  CHECK(Trail(AccessLines::kAll).log.wants_all());
  CHECK_FALSE(Trail(AccessLines::kNone).log.wants_refusal(403));
  CHECK_FALSE(Trail(AccessLines::kNone).log.wants_all());
}

TEST_CASE("access log: a publish says where it went, and as which ids") {
  Trail trail;
  trail.log.published(trail.cam, topic_names(std::vector<std::string>{"b", "a", "b"}, {}),
                      {.accepted = 3, .duplicates = 0, .first_id = "e-1", .last_id = "e-3"});
  CHECK(trail.last() ==
        "published who=cam client=192.0.2.1 topics=a\nb first_id=e-1 last_id=e-3 count=3");
  trail.log.published(trail.cam, {"a", 0},
                      {.accepted = 1, .duplicates = 1, .first_id = "e-1", .last_id = "e-1"});
  CHECK(trail.last().ends_with(" count=1 duplicates=1"));
}

TEST_CASE("access log: a subscription says its patterns and whether it resumes") {
  Trail trail;
  trail.log.subscribed(trail.cam, topic_names(std::vector<std::string>{"a/**"}, {}), true);
  CHECK(trail.last() == "subscribed who=cam client=192.0.2.1 patterns=a/** resumes=true");
  trail.log.subscribed(trail.cam, topic_names(std::vector<std::string>{"a"}, {}), false);
  CHECK(trail.last().ends_with(" resumes=false"));
}

TEST_CASE("access log: many topics are cut, and the rest is counted") {
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) {
    names.push_back("t" + std::to_string(i));
  }
  CHECK(topic_names(names, {}).more == 0);
  names.emplace_back("u");
  const TopicNames cut = topic_names(names, {});
  CHECK(cut.more == 1);
  CHECK(cut.names.find('u') == std::string::npos);
  Trail trail;
  trail.log.subscribed(trail.cam, cut, false);
  CHECK(trail.last().find(" more=1 ") != std::string::npos);
}

TEST_CASE("access log: the topics of drafts are those of events and of comments") {
  std::vector<Draft> drafts(2);
  drafts[0].event = sse::Event::encode({}, {"b", "a"});
  drafts[1].comment_topics = {"c"};
  CHECK(topic_names(drafts).names == "a\nb\nc");
}

TEST_CASE("access log: a path has no query, fragment or host") {
  CHECK(path_for_log("/topics/a%2Fb?access_token=rc_secret") == "/topics/a%2Fb");
  CHECK(path_for_log("/events#access_token=rc_secret") == "/events");
  CHECK(path_for_log("http://user:rc_secret@host/events?x") == "/events");
  CHECK(path_for_log("http://user:rc_secret@host") == "/");
  CHECK(path_for_log("http://user:rc_secret@host?x") == "");
}

TEST_CASE("access log: a token that got into the path by mistake is not shown") {
  CHECK(path_for_log("/events%3faccess_token=rc_secret") == "/events");
  CHECK(path_for_log("/events%3FX=rc_secret") == "/events");
  CHECK(path_for_log("/events&access_token=rc_secret") == "/events&");
  CHECK(path_for_log("/events;ACCESS_TOKEN=rc_secret") == "/events;");
}

TEST_CASE("access log: control characters in a path are escaped") {
  CHECK(path_for_log("/a\nb\x1b[31m\x7f\xc2\x9b") == "/a%0Ab%1B[31m%7F%C2%9B");
}

TEST_CASE("access log: a path has at most 256 bytes") {
  const auto path = [](size_t size) { return "/" + std::string(size - 1, 'a'); };
  CHECK(path_for_log(path(255)) == path(255));
  CHECK(path_for_log(path(256)) == path(256));
  CHECK(path_for_log(path(257)) == path(253) + "...");
  CHECK(path_for_log("/" + std::string(300, '\n')).size() <= 256);
}

TEST_CASE("access log: a long name is cut between characters") {
  Trail trail;
  std::string name = "x";
  for (int i = 0; i < 200; ++i) {
    name += "\xC3\xA9";
  }
  trail.log.stream_ended({.who = name}, "the token has expired");
  const std::string& who = trail.lines.back().fields[0].second;
  CHECK(who == name.substr(0, 253) + "...");
  trail.log.stream_ended({.who = name.substr(1)}, "");
  CHECK(trail.lines.back().fields[0].second == name.substr(1, 252) + "...");
}

TEST_CASE("access log: at most 100 lines in a second, then how many were left out") {
  Trail trail;
  for (int i = 0; i < 100; ++i) {
    trail.refuse();
  }
  CHECK(trail.lines.size() == 100);
  trail.refuse();
  trail.refuse();
  trail.log.tick();
  CHECK(trail.lines.size() == 100);
  trail.clock.advance(999);
  trail.log.tick();
  CHECK(trail.lines.size() == 100);
  trail.clock.advance(1);
  trail.log.tick();
  REQUIRE(trail.lines.size() == 101);
  CHECK(trail.lines.back().level == LogLevel::kWarn);
  CHECK(trail.lines.back().module == "access");
  CHECK(trail.last() == "access lines left out lines=2");
  trail.log.tick();
  CHECK(trail.lines.size() == 101);
  trail.refuse();
  CHECK(trail.last().starts_with("refused "));
}

TEST_CASE("access log: what was left out is told before the next line") {
  Trail trail;
  for (int i = 0; i < 101; ++i) {
    trail.refuse();
  }
  trail.clock.advance(1000);
  trail.refuse();
  REQUIRE(trail.lines.size() == 102);
  CHECK(text_of(trail.lines[100]) == "access lines left out lines=1");
  CHECK(trail.lines[101].message == "refused");
}

TEST_CASE("access log: what was left out is told at the end") {
  std::vector<LogLine> lines;
  const FakeClock clock;
  {
    AccessLog log([&](const LogLine& line) { lines.push_back(line); }, clock);
    for (int i = 0; i < 103; ++i) {
      log.stream_ended({}, "");
    }
  }
  REQUIRE(lines.size() == 101);
  CHECK(text_of(lines.back()) == "access lines left out lines=3");
}

}  // namespace
}  // namespace ringcast::server::server_access_log_test
