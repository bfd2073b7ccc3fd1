#include <doctest/doctest.h>

#include <string>

#include "unit/admin_hub_fixture.h"

namespace ringcast::admin::admin_topics_test {
namespace {

constexpr auto kDelete = http::Method::kDelete;

TEST_CASE("admin: health is told without grants, readiness follows the daemon's state") {
  Desk desk;
  desk.grants = {};
  CHECK(desk.status("/healthz") == 200);
  CHECK(desk.status("/readyz") == 200);
  desk.is_ready = false;
  CHECK(desk.status("/healthz") == 200);
  const http::Response response = desk.ask("/readyz");
  CHECK(response.status == 503);
  CHECK(response.content_type == "application/problem+json");
}

TEST_CASE("admin: the page comes with a policy that lets it talk to nobody else") {
  const http::Response response = Desk().ask("/");
  CHECK(response.status == 200);
  CHECK(response.content_type == "text/html; charset=utf-8");
  CHECK(contains(response.body, "<html"));
  bool has_policy = false;
  for (const auto& [name, value] : response.headers) {
    if (name == "Content-Security-Policy") {
      has_policy = contains(value, "default-src 'none'") && contains(value, "connect-src 'self'") &&
                   contains(value, "frame-ancestors 'none'");
    }
  }
  CHECK(has_policy);
}

TEST_CASE("admin: each admin route wants its own grant") {
  for (const char* path : {"/metrics", "/topics", "/topics/a", "/history?topic=a"}) {
    CAPTURE(path);
    Desk desk;
    desk.publish({"a"});
    CHECK(desk.status(path) == 200);
    desk.grants.admin.clear();
    const http::Response response = desk.ask(path);
    CHECK(response.status == 401);
    bool has_challenge = false;
    for (const auto& [name, value] : response.headers) {
      has_challenge = has_challenge || (name == "WWW-Authenticate" && value.starts_with("Bearer"));
    }
    CHECK(has_challenge);
  }
}

TEST_CASE("admin: metrics are what the daemon gathers, in Prometheus' text format") {
  const http::Response response = Desk().ask("/metrics");
  CHECK(response.body == "metric 1\n");
  CHECK(response.content_type == "text/plain; version=0.0.4; charset=utf-8");
}

TEST_CASE("admin: a topic is shown with its numbers") {
  Desk desk;
  desk.publish({"a"});
  desk.publish({"b"});
  desk.publish({"a"}, "longer");
  const server::TopicView view = *desk.hub.view("a");
  CHECK(desk.body("/topics/a") == R"({"name":"a","subscribers":0,"events":2,"bytes":)" +
                                      std::to_string(view.bytes) +
                                      R"(,"oldest":"e-1","newest":"e-3"})"
                                      "\n");
}

TEST_CASE("admin: a topic that has only subscribers has no oldest and no newest event") {
  Desk desk;
  topics::Interest interest;
  interest.patterns = {"a"};
  interest.readers = 2;
  REQUIRE(desk.hub.open(interest, {}));
  CHECK(desk.body("/topics/a") ==
        R"({"name":"a","subscribers":2,"events":0,"bytes":0,"oldest":null,"newest":null})"
        "\n");
  desk.hub.leave(interest);
}

TEST_CASE("admin: a topic that is not there is 404, a bad name 400") {
  Desk desk;
  const http::Response response = desk.ask("/topics/a");
  CHECK(response.status == 404);
  CHECK(contains(response.body, "\"field\":\"topic\""));
  CHECK(desk.status("/topics/") == 400);
  CHECK(desk.status("/topics/a*") == 400);
  CHECK(desk.status("/topics/*") == 400);
  CHECK(desk.status("/topics/%FF") == 400);
}

TEST_CASE("admin: names in answers are escaped as JSON") {
  Desk desk;
  desk.publish({"a\"b\\c"});
  CHECK(contains(desk.body("/topics"), R"("name":"a\"b\\c")"));
}

TEST_CASE("admin: topics come by name, page by page, each once") {
  Desk desk;
  for (const char* name : {"c", "a", "e", "b", "d"}) {
    desk.publish({name});
  }
  std::string seen;
  std::string after;
  for (int page = 0; page < 3; ++page) {
    const std::string body = desk.body("/topics?limit=2" + after);
    for (const char name : std::string("abcde")) {
      if (contains(body, std::string("\"name\":\"") + name + "\"")) {
        seen += name;
      }
    }
    const size_t next = body.find("\"next\":\"");
    CHECK((next == std::string::npos) == (page == 2));
    after = next == std::string::npos ? "" : "&after=" + body.substr(next + 8, 1);
  }
  CHECK(seen == "abcde");
}

TEST_CASE("admin: a page of topics that ends exactly at the limit has no next") {
  Desk desk;
  desk.publish({"a"});
  desk.publish({"b"});
  CHECK(contains(desk.body("/topics?limit=1"), "\"next\":\"a\""));
  CHECK(contains(desk.body("/topics?limit=2"), "\"next\":null"));
  CHECK(contains(desk.body("/topics?limit=3"), "\"next\":null"));
  CHECK(desk.body("/topics?after=b") == "{\"topics\":[],\"next\":null}\n");
}

TEST_CASE("admin: a prefix selects topics by their names' bytes") {
  Desk desk;
  for (const char* name : {"a", "ab", "b", "a/b"}) {
    desk.publish({name});
  }
  const std::string body = desk.body("/topics?prefix=a%2F");
  CHECK(contains(body, "\"a/b\""));
  CHECK_FALSE(contains(body, "\"ab\""));
  CHECK_FALSE(contains(body, "\"name\":\"a\""));
  CHECK(desk.body("/topics?prefix=ab&after=zz") == "{\"topics\":[],\"next\":null}\n");
  CHECK(contains(desk.body("/topics?prefix=b&after=a"), "\"name\":\"b\""));
}

TEST_CASE("admin: a limit is 1 to 1000") {
  Desk desk;
  desk.publish({"a"});
  for (const char* path : {"/topics?limit=", "/history?topic=a&limit="}) {
    CAPTURE(path);
    for (const char* good : {"1", "999", "1000"}) {
      CHECK(desk.status(path + std::string(good)) == 200);
    }
    for (const char* bad : {"0", "1001", "-1", "x", ""}) {
      CAPTURE(bad);
      const http::Response response = desk.ask(path + std::string(bad));
      CHECK(response.status == 400);
      CHECK(contains(response.body, "\"field\":\"limit\""));
    }
  }
}

TEST_CASE("admin: only topics that the reader may see are listed and shown") {
  Desk desk;
  desk.publish({"mine/a"});
  desk.publish({"other"});
  desk.grants.subscribe = {"mine/**"};
  const std::string body = desk.body("/topics");
  CHECK(contains(body, "mine/a"));
  CHECK_FALSE(contains(body, "other"));
  CHECK(desk.status("/topics/mine/a") == 200);
  CHECK(desk.status("/topics/other") == 401);
  CHECK(desk.status("/topics/absent") == 401);  // Not even whether it is there.
}

TEST_CASE("admin: DELETE clears a topic, and its events stay in their other topics") {
  Desk desk;
  desk.publish({"a", "b"});
  const http::Response response = desk.ask("/topics/a", kDelete);
  CHECK(response.status == 204);
  CHECK(response.body.empty());
  CHECK(desk.status("/topics/a") == 404);
  CHECK(contains(desk.body("/topics/b"), "\"events\":1"));
  CHECK(desk.status("/topics/a", kDelete) == 204);  // Once more is no error.
}

TEST_CASE("admin: DELETE wants a good name, its grant and that of publishing there") {
  Desk desk;
  desk.publish({"a"});
  CHECK(desk.status("/topics/a*", kDelete) == 400);
  CHECK(desk.status("/topics/$sys/a", kDelete) == 403);
  desk.grants.publish = {"b"};
  CHECK(desk.status("/topics/a", kDelete) == 401);
  desk.grants = auth::Grants::everything();
  desk.grants.admin = {"topics"};
  CHECK(desk.status("/topics/a", kDelete) == 401);
  CHECK(desk.hub.view("a")->events == 1);
}

}  // namespace
}  // namespace ringcast::admin::admin_topics_test
