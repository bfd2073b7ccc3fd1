#include <doctest/doctest.h>

#include <array>
#include <string>
#include <utility>

#include "server/router.h"

namespace ringcast::server::server_router_test {
namespace {

using http::Method;

constexpr std::array<Endpoint, 9> kEndpoints = {
    Endpoint::kPage,  Endpoint::kEvents,  Endpoint::kTopics,
    Endpoint::kTopic, Endpoint::kHistory, Endpoint::kHealth,
    Endpoint::kReady, Endpoint::kMetrics, Endpoint::kDashboard};

Result<Route> route(const std::string& path, Pages pages = {}) {
  return find_route({.path = path, .query = {}}, pages);
}

std::string topic_of(const std::string& path) {
  const Result<Route> found = route(path);
  REQUIRE(found);
  REQUIRE(found->endpoint == Endpoint::kTopic);
  return found->topic;
}

bool is_served(Endpoint endpoint, Method method) {
  return check_method(endpoint, method).has_value();
}

TEST_CASE("server: each fixed path leads to its endpoint") {
  for (const auto& [path, endpoint] :
       {std::pair{"/", Endpoint::kPage}, std::pair{"/events", Endpoint::kEvents},
        std::pair{"/topics", Endpoint::kTopics}, std::pair{"/history", Endpoint::kHistory},
        std::pair{"/healthz", Endpoint::kHealth}, std::pair{"/readyz", Endpoint::kReady},
        std::pair{"/metrics", Endpoint::kMetrics}}) {
    CAPTURE(path);
    const Result<Route> found = route(path);
    REQUIRE(found);
    CHECK(found->endpoint == endpoint);
    CHECK(found->topic.empty());
  }
}

TEST_CASE("server: a path that is nearly one is no route") {
  for (const char* path : {"", "/event", "/events/", "/Events", "//events", "/topic/a", "/healthz/",
                           "/topicsa", "/history/a", "/favicon.ico"}) {
    CAPTURE(path);
    const Result<Route> found = route(path);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == Errc::kNotFound);
  }
}

TEST_CASE("server: the page is no route when it is switched off") {
  const Result<Route> found = route("/", {.page = false});
  REQUIRE_FALSE(found);
  CHECK(found.error().code == Errc::kNotFound);
  CHECK(route("/events", {.page = false}));
}

TEST_CASE("server: the dashboard has its files, and is no route when it is switched off") {
  for (const auto& [path, file] : {std::pair{"/admin", ""}, std::pair{"/admin/", ""},
                                   std::pair{"/admin/dashboard.js", "dashboard.js"}}) {
    CAPTURE(path);
    const Result<Route> found = route(path);
    REQUIRE(found);
    CHECK(found->endpoint == Endpoint::kDashboard);
    CHECK(found->file == file);
    CHECK(found->lacks_slash == (std::string_view(path) == "/admin"));
    CHECK_FALSE(route(path, {.dashboard = false}));
  }
  CHECK_FALSE(route("/administrator"));
}

TEST_CASE("server: only streams of the broker's own topics alone read the broker") {
  const auto reads = [](const std::string& text, Method method = Method::kGet) {
    const http::Target target = *http::parse_target(text);
    http::Request request;
    request.method = method;
    request.headers.emplace_back("Accept", "text/event-stream");
    return reads_broker(*find_route(target, {}), request, target);
  };
  CHECK(reads("/events?topic=$sys/stats&topic=%24sys/gaps&since=1m"));
  CHECK(reads("/events?topic=$sys/**", Method::kHead));
  CHECK(reads("/topics/$sys%2Fstats"));
  CHECK_FALSE(reads("/events?topic=$sys/stats&topic=news"));
  CHECK_FALSE(reads("/events?topic=**"));
  CHECK_FALSE(reads("/events"));
  CHECK_FALSE(reads("/topics/news"));
  CHECK_FALSE(reads("/events?topic=$sys/stats", Method::kPost));
}

TEST_CASE("server: the rest of the path is the topic, slashes and all") {
  CHECK(topic_of("/topics/news") == "news");
  CHECK(topic_of("/topics/orders/42") == "orders/42");
  CHECK(topic_of("/topics/a//b/") == "a//b/");
  CHECK(topic_of("/topics//") == "/");
  CHECK(topic_of("/topics/").empty());
}

TEST_CASE("server: the topic in a path is percent-decoded once, a plus stays") {
  CHECK(topic_of("/topics/https%3A%2F%2Fexample.org%2Fa") == "https://example.org/a");
  CHECK(topic_of("/topics/a%2fb") == topic_of("/topics/a/b"));
  CHECK(topic_of("/topics/a+b") == "a+b");
  CHECK(topic_of("/topics/%2541") == "%41");
  CHECK(topic_of("/topics/%C3%A9") == "\xC3\xA9");
}

TEST_CASE("server: a bad percent escape in the topic is invalid, not another topic") {
  for (const char* path : {"/topics/%", "/topics/a%4", "/topics/%zz", "/topics/%%41"}) {
    CAPTURE(path);
    const Result<Route> found = route(path);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == Errc::kInvalid);
  }
}

TEST_CASE("server: every endpoint can be read, and asked for its options") {
  for (const Endpoint endpoint : kEndpoints) {
    CHECK(is_served(endpoint, Method::kGet));
    CHECK(is_served(endpoint, Method::kHead));
    CHECK(is_served(endpoint, Method::kOptions));
    CHECK_FALSE(is_served(endpoint, Method::kOther));
  }
}

TEST_CASE("server: publishing and deleting have their endpoints") {
  for (const Endpoint endpoint : kEndpoints) {
    const bool is_topic = endpoint == Endpoint::kTopic;
    CHECK(is_served(endpoint, Method::kPost) == (is_topic || endpoint == Endpoint::kEvents));
    CHECK(is_served(endpoint, Method::kPut) == is_topic);
    CHECK(is_served(endpoint, Method::kDelete) == is_topic);
  }
}

TEST_CASE("server: a refused method names those that are served") {
  const Status refused = check_method(Endpoint::kEvents, Method::kPut);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kMethodNotAllowed);
  CHECK(refused.error().detail.find("PUT") != std::string::npos);
  CHECK(refused.error().detail.find(allowed_methods(Endpoint::kEvents)) != std::string::npos);
}

TEST_CASE("server: a stream is asked for with an Accept header that names its type") {
  const auto wants = [](std::string_view accept) {
    http::Request request;
    request.headers.emplace_back("aCCEPT", accept);
    return wants_event_stream(request);
  };
  CHECK(wants("text/event-stream"));
  CHECK(wants("text/html, Text/Event-Stream;q=0.9"));
  CHECK_FALSE(wants("*/*"));
  CHECK_FALSE(wants("text/*"));
  CHECK_FALSE(wants("application/json"));
  CHECK_FALSE(wants_event_stream({}));
}

}  // namespace
}  // namespace ringcast::server::server_router_test
