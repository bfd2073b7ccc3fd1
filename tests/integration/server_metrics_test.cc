// What workers and the journal's thread count, while others read it.
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "integration/journal_house.h"
#include "integration/running_server.h"
#include "support/blocking_client.h"

namespace ringcast::test::server_metrics_test {
namespace {

constexpr int kPublishers = 3;
constexpr int kEvents = 200;  // Of each.

// The value of the sample whose line begins like this.
double sample(const std::string& text, const std::string& name) {
  const size_t begin = text.find("\n" + name + " ");
  REQUIRE(begin != std::string::npos);
  return std::stod(text.substr(begin + name.size() + 2));
}

std::string scrape(BlockingClient& client) {
  client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::string answer = client.read_answer();
  REQUIRE(answer.starts_with("HTTP/1.1 200 "));
  return answer;
}

void load_and_scrape(RunningServer& server) {
  std::vector<std::unique_ptr<BlockingClient>> readers;
  for (int reader = 0; reader < 6; ++reader) {
    readers.push_back(std::make_unique<BlockingClient>(server.port()));
    readers.back()->subscribe("topic=a/*");
  }
  std::atomic<int> publishing{kPublishers};
  std::vector<std::jthread> publishers;
  for (int publisher = 0; publisher < kPublishers; ++publisher) {
    publishers.emplace_back([&server, &publishing, publisher] {
      BlockingClient client(server.port());
      for (int number = 0; number < kEvents; ++number) {
        client.publish("a/" + std::to_string(publisher), std::to_string(number));
      }
      --publishing;
    });
  }
  BlockingClient scraper(server.port());
  double last = 0;
  do {
    const std::string text = scrape(scraper);
    const double published = sample(text, "ringcast_events_published_total");
    CHECK(published >= last);
    CHECK(sample(text, "ringcast_topic_events_published_total{match=\"a/**\"}") >= published);
    last = published;
  } while (publishing > 0);
  publishers.clear();
  const std::string text = scrape(scraper);
  CHECK(sample(text, "ringcast_events_published_total") == kPublishers * kEvents);
  CHECK(sample(text, "ringcast_publish_duration_seconds_count") == kPublishers * kEvents);
  CHECK(sample(text, "ringcast_subscribers") == static_cast<double>(readers.size()));
  for (const auto& reader : readers) {
    CHECK(reader->read_events(kPublishers * kEvents).size() == kPublishers * kEvents);
  }
}

server::Options with_rule() {
  server::Options options = three_workers();
  options.policies.rules.push_back({.match = "a/**", .policy = options.policies.fallback});
  return options;
}

TEST_CASE("server: metrics are read while everybody counts") {
  RunningServer server(with_rule());
  load_and_scrape(server);
}

TEST_CASE("server: metrics are read while a journal's thread counts as well") {
  const journal::TemporaryFolder folder;
  RunningServer server(with_rule(), folder.string());
  load_and_scrape(server);
}

}  // namespace
}  // namespace ringcast::test::server_metrics_test
