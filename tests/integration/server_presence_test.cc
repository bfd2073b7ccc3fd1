#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/json.h"
#include "integration/journal_house.h"
#include "integration/running_server.h"
#include "support/blocking_client.h"

namespace ringcast::test::server_presence_test {
namespace {

constexpr size_t kThreads = 6;
constexpr size_t kTimes = 30;

server::Options with_presence() {
  server::Options options = three_workers();
  options.presence = {"rooms/*"};
  return options;
}

// Each thread comes and goes again and again.
void come_and_go(uint16_t port) {
  for (size_t time = 0; time < kTimes; ++time) {
    BlockingClient client(port);
    CHECK(client.subscribe("topic=rooms/1&topic=rooms/2").starts_with("HTTP/1.1 200 OK\r\n"));
  }
}

uint64_t number_of(const std::string& text, const std::string& name) {
  const std::string member = "\"" + name + "\":";
  return std::stoull(text.substr(text.find(member) + member.size()));
}
std::string text_of(const std::string& text, const std::string& name) {
  const std::string member = "\"" + name + "\":\"";
  const size_t begin = text.find(member) + member.size();
  return text.substr(begin, text.find('"', begin) - begin);
}

// In each topic the number of readers goes up and down by one, and streams come before they leave.
void check_presence(const std::vector<SseBlock>& events) {
  std::map<std::string, std::set<std::string>> present;
  for (const SseBlock& event : events) {
    const std::string topic = text_of(event.data, "topic");
    const std::string stream = text_of(event.data, "stream");
    if (event.type == "join") {
      CHECK(present[topic].insert(stream).second);
    } else {
      CHECK(present[topic].erase(stream) == 1);
    }
    CHECK(number_of(event.data, "subscribers") == present[topic].size());
  }
  CHECK(present["rooms/1"].empty());
  CHECK(present["rooms/2"].empty());
}

void check_with(const std::string& journal_folder) {
  RunningServer server(with_presence(), journal_folder);
  BlockingClient watcher(server.port());
  REQUIRE(watcher.subscribe("topic=$sys/presence/**").starts_with("HTTP/1.1 200 OK\r\n"));
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] { come_and_go(server.port()); });
  }
  const auto events = watcher.read_events(kThreads * kTimes * 4);
  for (std::thread& thread : threads) {
    thread.join();
  }
  REQUIRE(events.size() == kThreads * kTimes * 4);
  check_presence(events);
}

TEST_CASE("server: presence of all workers is told in one order, with exact numbers") {
  check_with({});
}

TEST_CASE("server: so it is with a journal, which has none of it") {
  journal::TemporaryFolder folder;
  check_with(folder.string());
}

TEST_CASE("server: topics can be named anew while streams come and go") {
  RunningServer server(with_presence());
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] { come_and_go(server.port()); });
  }
  for (size_t time = 0; time < kTimes; ++time) {
    server::Options options = three_workers();
    options.presence = {time % 2 == 0 ? "rooms/1" : "rooms/*"};
    server.apply(options);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  server.apply(with_presence());
  // All are gone, and are counted as gone.
  BlockingClient watcher(server.port());
  REQUIRE(watcher.subscribe("topic=$sys/presence/**").starts_with("HTTP/1.1 200 OK\r\n"));
  for (;;) {
    BlockingClient last(server.port());
    REQUIRE(last.subscribe("topic=rooms/1").starts_with("HTTP/1.1 200 OK\r\n"));
    bool is_alone = false;
    for (std::string event; event != "join";) {
      const auto told = watcher.read_events(1);
      REQUIRE(told.size() == 1);
      event = told[0].type;
      is_alone = event == "join" && number_of(told[0].data, "subscribers") == 1;
    }
    if (is_alone) {
      break;
    }
  }
}

}  // namespace
}  // namespace ringcast::test::server_presence_test
