// The whole server with a real journal: sockets, workers, the thread that writes and those that
// read.
#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

#include "integration/journal_house.h"
#include "integration/running_server.h"
#include "support/blocking_client.h"

namespace ringcast::test::server_journal_test {
namespace {

using journal::TemporaryFolder;

// Rings of five events: nearly everything is on disk only.
server::Options small_rings() {
  server::Options options = three_workers();
  options.policies.fallback.events = 5;
  options.policies.fallback.grace_ms = 0;
  return options;
}

bool is_ok(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 200 ");
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

void publish(const RunningServer& server, const std::string& topic, int from, int to) {
  BlockingClient client(server.port());
  for (int number = from; number < to; ++number) {
    REQUIRE(is_ok(client.publish(topic, std::to_string(number))));
  }
}

void expect_numbers(BlockingClient& reader, int from, int to) {
  const auto events = reader.read_events(static_cast<size_t>(to - from));
  REQUIRE(events.size() == static_cast<size_t>(to - from));
  for (const SseBlock& event : events) {
    REQUIRE(event.type.empty());
    REQUIRE(event.data == std::to_string(from++));
  }
}

TEST_CASE("server: what has left memory is replayed from the journal, and then live, in order") {
  const TemporaryFolder folder;
  RunningServer server(small_rings(), folder.string());
  publish(server, "a", 0, 300);
  std::vector<std::unique_ptr<BlockingClient>> readers;
  for (int reader = 0; reader < 12; ++reader) {
    readers.push_back(std::make_unique<BlockingClient>(server.port()));
    readers.back()->subscribe(reader % 2 == 0 ? "topic=a&since=earliest"
                                              : "topic=**&last_event_id=e-0");
  }
  std::jthread live([&] { publish(server, "a", 300, 400); });
  for (const auto& reader : readers) {
    expect_numbers(*reader, 0, 400);
  }
}

TEST_CASE("server: a start takes up what the last one has written") {
  const TemporaryFolder folder;
  {
    RunningServer server(small_rings(), folder.string());
    publish(server, "a", 0, 40);
  }
  RunningServer server(small_rings(), folder.string());
  publish(server, "a", 40, 50);
  BlockingClient reader(server.port());
  reader.subscribe("topic=a&last_event_id=e-10");
  expect_numbers(reader, 10, 50);
  BlockingClient newest(server.port());
  newest.subscribe("topic=a&since=-20");
  expect_numbers(newest, 30, 50);
}

TEST_CASE("server: answers to pipelined publishes come in their order, and others wait for them") {
  const TemporaryFolder folder;
  RunningServer server(small_rings(), folder.string());
  BlockingClient client(server.port());
  std::string requests;
  for (int number = 0; number < 200; ++number) {
    requests += "POST /topics/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx";
  }
  requests += "GET /topics/a HTTP/1.1\r\nHost: localhost\r\n\r\n";
  requests += "DELETE /topics/a HTTP/1.1\r\nHost: localhost\r\n\r\n";
  requests += "GET /history?topic=a HTTP/1.1\r\nHost: localhost\r\n\r\n";
  client.send(requests);
  for (int number = 1; number <= 200; ++number) {
    REQUIRE(has(client.read_answer(), "{\"id\":\"e-" + std::to_string(number) + "\"}"));
  }
  CHECK(has(client.read_answer(), "\"events\":200,"));
  CHECK(client.read_answer().starts_with("HTTP/1.1 204 "));
  CHECK(has(client.read_answer(), "{\"events\":[],"));
}

TEST_CASE("server: a publish and then a subscription on one connection: the stream begins behind") {
  const TemporaryFolder folder;
  RunningServer server(small_rings(), folder.string());
  BlockingClient client(server.port());
  client.send(
      "POST /topics/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"
      "GET /events?topic=a HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  CHECK(is_ok(client.read_answer()));
  CHECK(has(client.read_until("\n\n"), "\nid: e-1\n"));
}

TEST_CASE("server: lines of a long body are in the journal when its answer comes") {
  const TemporaryFolder folder;
  std::string body;
  for (int number = 0; number < 3000; ++number) {
    body += "{\"topic\":\"a\",\"data\":\"" + std::to_string(number) + "\"}\n";
  }
  {
    RunningServer server(small_rings(), folder.string());
    BlockingClient client(server.port());
    client.send(
        "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
        "Content-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
    CHECK(has(client.read_answer(), "{\"accepted\":3000,\"duplicates\":0,"));
  }
  RunningServer server(small_rings(), folder.string());
  BlockingClient reader(server.port());
  reader.subscribe("topic=a&since=earliest");
  expect_numbers(reader, 0, 3000);
}

TEST_CASE("server: a stop while publishes wait and readers read from disk leaves nothing behind") {
  const TemporaryFolder folder;
  for (int round = 0; round < 5; ++round) {
    RunningServer server(small_rings(), folder.string());
    publish(server, "a", 0, 50);
    std::vector<std::unique_ptr<BlockingClient>> clients;
    for (int client = 0; client < 6; ++client) {
      clients.push_back(std::make_unique<BlockingClient>(server.port()));
      clients.back()->send(
          client % 2 == 0
              ? "POST /topics/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"
              : "GET /events?topic=a&since=earliest HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    server.stop();
    CHECK(server.services().connections.load() == 0);
  }
}

TEST_CASE("server: a key that is in flight twice is stored once, and both get the same answer") {
  const TemporaryFolder folder;
  auto server = std::make_unique<RunningServer>(small_rings(), folder.string());
  const std::string request =
      "POST /topics/a HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\nContent-Length: "
      "1\r\n\r\nx";
  for (int round = 0; round < 2; ++round) {
    BlockingClient client(server->port());
    client.send(request + request);
    CHECK(has(client.read_answer(), "{\"id\":\"e-1\""));
    CHECK(has(client.read_answer(), "{\"id\":\"e-1\",\"duplicate\":true}"));
  }
  server.reset();
  server = std::make_unique<RunningServer>(small_rings(), folder.string());
  BlockingClient client(server->port());
  client.send(request);
  CHECK(has(client.read_answer(), "{\"id\":\"e-1\",\"duplicate\":true}"));
}

}  // namespace
}  // namespace ringcast::test::server_journal_test
