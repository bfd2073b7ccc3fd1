#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "config/keys.h"
#include "config/units.h"
#include "support/config_text.h"

namespace ringcast::config::config_webhooks_test {
namespace {

const std::string kRest = "url: https://a.example/x, topics: [a], secret_file: s";

// Empty when it is good.
std::string problem_of(const std::string& text) {
  const std::string error = error_of(text);
  return error == "no error" ? "" : error;
}

std::string webhook_error(const std::string& entry) {
  return problem_of("webhooks: [{" + entry + "}]");
}

std::string with(const std::string& entry) {
  return webhook_error("name: w, " + kRest + ", " + entry);
}

TEST_CASE("config: a webhook needs name, url, topics and secret_file") {
  CHECK(webhook_error("name: w, " + kRest).empty());
  CHECK(webhook_error(kRest) ==
        "f.yaml:1:12: webhooks[0]: needs name, what logs and metrics call it");
  CHECK(webhook_error("name: w, topics: [a], secret_file: s").find("webhooks[0]: needs url") !=
        std::string::npos);
  CHECK(webhook_error("name: w, url: https://a/, secret_file: s").find("needs topics") !=
        std::string::npos);
  CHECK(webhook_error("name: w, url: https://a/, topics: [a]").find("needs secret_file") !=
        std::string::npos);
  CHECK(problem_of("webhooks: w") ==
        "f.yaml:1:11: webhooks: must be a list of webhooks, not \"w\"");
  CHECK(problem_of("webhooks: [w]").find("webhooks[0]: must be a map with name, url") !=
        std::string::npos);
  CHECK(problem_of("webhooks:").empty());
}

TEST_CASE("config: what a webhook does not have is an error with the nearest name") {
  CHECK(with("secretfile: s").find("did you mean secret_file?") != std::string::npos);
}

TEST_CASE("config: names of webhooks are short, plain and differ") {
  CHECK(webhook_error("name: a.b-c_1, " + kRest).empty());
  CHECK(webhook_error("name: " + std::string(64, 'n') + ", " + kRest).empty());
  CHECK(webhook_error("name: " + std::string(65, 'n') + ", " + kRest).find("at most 64") !=
        std::string::npos);
  CHECK(webhook_error("name: 'a b', " + kRest).find("webhooks[0].name: must be at most 64") !=
        std::string::npos);
  CHECK(problem_of("webhooks: [{name: w, " + kRest + "}, {name: w, " + kRest + "}]")
            .find("webhooks[1].name: \"w\" is there already") != std::string::npos);
}

TEST_CASE("config: webhooks go to https, and to http on loopback") {
  const auto error_with = [](const std::string& url) {
    return webhook_error("name: w, topics: [a], secret_file: s, url: \"" + url + "\"");
  };
  for (const char* url : {"https://a.example", "https://a:8443/x?y=z", "http://localhost:1/x",
                          "http://127.0.0.1/", "http://[::1]:9/"}) {
    CAPTURE(url);
    CHECK(error_with(url).empty());
  }
  for (const char* url :
       {"http://a.example/", "http://127.0.0.1.a.example/", "ftp://a/", "a.example", "https://",
        "https://user:word@a/", "https://a/ b", "file:///etc"}) {
    CAPTURE(url);
    CHECK(error_with(url).find("webhooks[0].url: must be") != std::string::npos);
  }
}

TEST_CASE("config: topics of webhooks are patterns of publishers' topics, each once") {
  CHECK(webhook_error("name: w, url: https://a/, secret_file: s, topics: [\"a/**\", b]").empty());
  const auto error_with = [](const std::string& topics) {
    return webhook_error("name: w, url: https://a/, secret_file: s, topics: " + topics);
  };
  CHECK(error_with("[\"a*\"]").find("webhooks[0].topics[0]") != std::string::npos);
  CHECK(error_with("[\"$sys/**\"]").find("begin with $") != std::string::npos);
  CHECK(error_with("[a, a]").find("\"a\" is there twice") != std::string::npos);
  CHECK(error_with("a").find("must be a list") != std::string::npos);
}

TEST_CASE("config: events of webhooks are publish, join and leave") {
  const Config config =
      config_of("presence: [a]\nwebhooks: [{name: w, " + kRest + ", events: [leave, join]}]");
  REQUIRE(config.webhooks.size() == 1);
  CHECK_FALSE(config.webhooks[0].sends_publish);
  CHECK(config.webhooks[0].sends_join);
  CHECK(config.webhooks[0].sends_leave);
  CHECK(with("events: [publishes]").find("must be publish, join or leave") != std::string::npos);
  CHECK(with("events: []").find("webhooks[0].events: must name at least one") != std::string::npos);
}

TEST_CASE("config: joins and leaves are only told of topics in presence") {
  const std::string hook =
      "webhooks: [{name: w, url: https://a/, secret_file: s, events: [join], "
      "topics: [\"rooms/*\", lobby]}]";
  CHECK(problem_of(hook).find("webhooks[0].topics: \"rooms/*\" has no joins") != std::string::npos);
  CHECK(problem_of("presence: [\"rooms/*\"]\n" + hook).find("\"lobby\" has no joins") !=
        std::string::npos);
  CHECK(problem_of("presence: [\"rooms/**\", lobby]\n" + hook).empty());
  CHECK(problem_of("presence: [\"**\"]\n" + hook).empty());
}

TEST_CASE("config: the batches of all webhooks fit into half of the memory") {
  const auto error_with = [](const std::string& first, const std::string& second) {
    return problem_of("memory: 64MiB\nwebhooks: [{name: a, " + kRest + ", batch_bytes: " + first +
                      "}, {name: b, " + kRest + ", batch_bytes: " + second + "}]");
  };
  CHECK(error_with("8MiB", "8MiB").empty());
  CHECK(error_with("8MiB", "8193KiB") ==
        "f.yaml:2:11: webhooks: two times batch_bytes of all together (32770KiB) must be at most "
        "half of memory (64MiB)");
}

TEST_CASE("config: presence is a list of patterns of publishers' topics") {
  CHECK(config_of("presence: [\"rooms/*\", a]").server.presence ==
        std::vector<std::string>{"rooms/*", "a"});
  CHECK(problem_of("presence: [\"$sys/**\"]").find("presence[0]") != std::string::npos);
  CHECK(problem_of("presence: [\"a*\"]").find("presence[0]") != std::string::npos);
  CHECK(problem_of("presence: a").find("must be a list") != std::string::npos);
}

TEST_CASE("config: each key of a webhook takes its range and not one more") {
  const auto check = [](std::string_view path, const std::string& below, const std::string& low,
                        const std::string& high, const std::string& above) {
    // So that retry_most is no less than retry.
    const std::string other = path == "retry"        ? ", retry_most: 1d"
                              : path == "retry_most" ? ", retry: 10ms"
                                                     : "";
    const auto error_with = [&](const std::string& value) {
      return with(std::string(path) + ": " + value + other);
    };
    CAPTURE(path);
    CHECK((below.empty() || !error_with(below).empty()));
    CHECK(error_with(low) == "");
    CHECK(error_with(high) == "");
    CHECK_FALSE(error_with(above).empty());
  };
  const auto ms = [](int64_t value) { return std::to_string(value) + "ms"; };
  size_t ranges = 0;
  for (const Key& key : webhook_keys()) {
    if (const auto* count = std::get_if<Count>(&key.kind)) {
      check(key.path, std::to_string(count->low - 1), std::to_string(count->low),
            std::to_string(count->high), std::to_string(count->high + 1));
    } else if (const auto* size = std::get_if<Size>(&key.kind)) {
      check(key.path, std::to_string(size->low - 1), std::to_string(size->low),
            std::to_string(size->high), std::to_string(size->high + 1));
    } else if (const auto* time = std::get_if<Time>(&key.kind)) {
      check(key.path, time->low_ms == 0 ? "" : ms(time->low_ms - 1), ms(time->low_ms),
            ms(time->high_ms), ms(time->high_ms + 1));
    } else {
      continue;
    }
    ++ranges;
  }
  CHECK(ranges == 6);
  CHECK(with("retry: 2s, retry_most: 1s").find("webhooks[0].retry_most: must be at least retry") !=
        std::string::npos);
}

}  // namespace
}  // namespace ringcast::config::config_webhooks_test
