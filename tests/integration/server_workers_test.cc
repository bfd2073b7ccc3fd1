#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "integration/running_server.h"
#include "support/blocking_client.h"

namespace ringcast::test::server_workers_test {
namespace {

constexpr size_t kWorkers = 3;

using Clients = std::vector<std::unique_ptr<BlockingClient>>;

bool is_ok(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 200 OK\r\n");
}
bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}
uint64_t seq_of(const SseBlock& event) {
  return std::stoull(event.id.substr(event.id.find('-') + 1));
}

// Connections in turn, so that they are spread over the workers.
Clients connect(const RunningServer& server, size_t count, int receive_buffer = 0) {
  Clients clients;
  for (size_t index = 0; index < count; ++index) {
    clients.push_back(std::make_unique<BlockingClient>(server.port(), receive_buffer));
    REQUIRE(clients.back()->is_connected());
  }
  return clients;
}

Clients subscribe(const RunningServer& server, size_t count, const std::string& query) {
  Clients readers = connect(server, count);
  for (const auto& reader : readers) {
    REQUIRE(is_ok(reader->subscribe(query)));
  }
  return readers;
}

TEST_CASE("server: what any worker takes reaches the readers of all workers") {
  RunningServer server;
  const Clients readers = subscribe(server, 2 * kWorkers, "topic=news/*");
  const Clients publishers = connect(server, kWorkers);
  for (size_t index = 0; index < kWorkers; ++index) {
    const std::string text = "from " + std::to_string(index);
    CHECK(is_ok(publishers[index]->publish("news/a", text)));
    for (const auto& reader : readers) {
      const auto events = reader->read_events(1);
      REQUIRE(events.size() == 1);
      CHECK(events[0].data == text);
      CHECK(seq_of(events[0]) == index + 1);
    }
  }
}

TEST_CASE("server: connections are dealt out to the workers in turn") {
  RunningServer server;
  const Clients clients = connect(server, 3 * kWorkers);
  for (const auto& client : clients) {
    CHECK(is_ok(client->publish("a", "x")));
  }
  CHECK(server.services().connections.load() == 3 * kWorkers);
}

// Clients in threads of their own, each of which publishes to the topics a and b by turns.
class Publishers {
 public:
  Publishers(const RunningServer& server, size_t count, size_t each) : port_(server.port()) {
    threads_.reserve(count);
    for (size_t publisher = 0; publisher < count; ++publisher) {
      threads_.emplace_back([this, publisher, each] { publish(publisher, each); });
    }
  }
  // How many publishes were accepted, of all.
  size_t join() {
    threads_.clear();
    return accepted_;
  }

 private:
  void publish(size_t publisher, size_t count) {
    BlockingClient client(port_);
    for (size_t number = 0; number < count; ++number) {
      const std::string data = std::to_string(publisher) + ":" + std::to_string(number);
      accepted_ += is_ok(client.publish(number % 2 == 0 ? "a" : "b", data)) ? 1 : 0;
    }
  }

  const uint16_t port_;
  std::atomic<size_t> accepted_{0};
  std::vector<std::jthread> threads_;
};

// All events in the order of the sequence, each once, and each publisher's in its own order.
void check_order(const std::vector<SseBlock>& events, size_t publishers, uint64_t first_seq) {
  std::vector<size_t> next(publishers, 0);
  uint64_t seq = first_seq;
  for (const SseBlock& event : events) {
    REQUIRE(event.type.empty());  // No gap.
    REQUIRE(seq_of(event) == seq++);
    const size_t publisher = std::stoul(event.data);
    REQUIRE(event.data.substr(event.data.find(':') + 1) == std::to_string(next[publisher]++));
  }
}

TEST_CASE("server: every reader of two topics gets the events of all publishers in one order") {
  constexpr size_t kPublishers = 4;
  constexpr size_t kEach = 150;
  RunningServer server;
  const Clients readers = subscribe(server, 2 * kWorkers, "topic=a&topic=b");
  Publishers publishers(server, kPublishers, kEach);
  std::vector<std::vector<SseBlock>> received;
  received.reserve(readers.size());
  for (const auto& reader : readers) {
    received.push_back(reader->read_events(kPublishers * kEach));
  }
  CHECK(publishers.join() == kPublishers * kEach);
  for (const auto& events : received) {
    CHECK(events.size() == kPublishers * kEach);
    check_order(events, kPublishers, 1);
  }
}

TEST_CASE("server: a reader that comes while others publish misses nothing after its start") {
  constexpr size_t kPublishers = 2;
  constexpr size_t kEach = 150;
  constexpr size_t kTotal = kPublishers * kEach;
  RunningServer server;
  Publishers publishers(server, kPublishers, kEach);
  for (size_t reader = 0; reader < 20; ++reader) {
    CAPTURE(reader);
    BlockingClient client(server.port());
    const std::string start = client.subscribe("topic=a&topic=b");
    REQUIRE(is_ok(start));
    const SseBlock first = parse_stream(start.substr(start.find("\r\n\r\n") + 4)).front();
    REQUIRE_FALSE(first.id.empty());
    const uint64_t begin = seq_of(first);
    const auto events = client.read_events(std::min<size_t>(20, kTotal - begin));
    uint64_t seq = begin;
    for (const SseBlock& event : events) {
      REQUIRE(seq_of(event) == ++seq);
    }
  }
  CHECK(publishers.join() == kTotal);
}

TEST_CASE("server: a resume picks up exactly after the id, on any worker") {
  RunningServer server;
  BlockingClient publisher(server.port());
  for (int number = 1; number <= 10; ++number) {
    CHECK(is_ok(publisher.publish(number % 2 == 0 ? "a" : "b", std::to_string(number))));
  }
  for (int after = 0; after < 10; ++after) {
    CAPTURE(after);
    BlockingClient reader(server.port());
    reader.subscribe("topic=a&topic=b&last_event_id=e-" + std::to_string(after));
    const auto events = reader.read_events(1);
    REQUIRE(events.size() == 1);
    CHECK(events[0].data == std::to_string(after + 1));
  }
}

TEST_CASE("server: draining ends every stream at an event's end, with its own time to come back") {
  RunningServer server;
  const Clients readers = subscribe(server, 2 * kWorkers, "topic=a");
  BlockingClient publisher(server.port());
  CHECK(is_ok(publisher.publish("a", "last")));
  for (const auto& reader : readers) {
    CHECK(reader->read_events(1).size() == 1);
  }
  std::future<void> drained = server.drain();
  for (const auto& reader : readers) {
    std::string rest;
    const auto blocks = parse_stream(reader->read_to_end(), &rest);
    CHECK(rest.empty());
    REQUIRE_FALSE(blocks.empty());
    CHECK(blocks.back().data.empty());
    REQUIRE_FALSE(blocks.back().retry.empty());
    CHECK(std::stoul(blocks.back().retry) >= 1000);
    reader->close();
  }
  publisher.close();
  drained.wait();
  CHECK(server.services().connections.load() == 0);
  CHECK(server.services().subscribers.load() == 0);
}

TEST_CASE("server: what was accepted before a drain reaches the readers that keep up") {
  constexpr size_t kEvents = 20;
  for (int round = 0; round < 5; ++round) {
    RunningServer server;
    const Clients readers = subscribe(server, 2 * kWorkers, "topic=a");
    {
      BlockingClient publisher(server.port());
      for (size_t number = 0; number < kEvents; ++number) {
        REQUIRE(is_ok(publisher.publish("a", std::to_string(number))));
      }
    }
    std::future<void> drained = server.drain();
    for (const auto& reader : readers) {
      // The next daemon has another history: what does not come now never comes.
      CHECK(reader->read_events(kEvents).size() == kEvents);
      reader->close();
    }
    drained.wait();
  }
}

TEST_CASE("server: a reader whose socket is full is drained at an event's end as well") {
  constexpr size_t kEvents = 16;
  const std::string big(256 << 10, 'x');
  RunningServer server;
  const Clients readers = connect(server, kWorkers, 16 << 10);
  for (const auto& reader : readers) {
    REQUIRE(is_ok(reader->subscribe("topic=a")));
  }
  BlockingClient publisher(server.port());
  for (size_t number = 0; number < kEvents; ++number) {
    CHECK(is_ok(publisher.publish("a", big)));  // Nobody reads: every socket is full soon.
  }
  publisher.close();
  std::future<void> drained = server.drain();
  for (const auto& reader : readers) {
    std::string rest;
    const auto blocks = parse_stream(reader->read_to_end(), &rest);
    CHECK(rest.empty());
    REQUIRE_FALSE(blocks.empty());
    CHECK_FALSE(blocks.back().retry.empty());
    uint64_t seq = 0;
    for (size_t index = 0; index + 1 < blocks.size(); ++index) {
      REQUIRE(blocks[index].data == big);
      REQUIRE(seq_of(blocks[index]) == ++seq);
    }
    reader->close();
  }
  drained.wait();
}

TEST_CASE("server: while draining, publishes are refused and streams are told when to come back") {
  RunningServer server;
  const Clients waiting = connect(server, kWorkers);
  for (const auto& client : waiting) {
    // In one piece: with the answer, the half of the second head has been read as well.
    client->send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nPOST /topics/a HTTP/1.1\r\n");
    CHECK(is_ok(client->read_answer()));
  }
  std::future<void> drained = server.drain();
  for (const auto& client : waiting) {
    client->send("Host: localhost\r\nContent-Length: 1\r\n\r\nx");
    const std::string answer = client->read_answer();
    CHECK(answer.starts_with("HTTP/1.1 503 "));
    CHECK(contains(answer, "\r\nRetry-After: "));
    CHECK(contains(answer, "\r\nConnection: close\r\n"));
    client->close();
  }
  drained.wait();
  CHECK(server.hub().counts().published == 0);
}

size_t open_descriptors() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

// A client of each kind on every worker: what a stop can meet.
Clients clients_in_every_state(const RunningServer& server) {
  Clients clients;
  const auto add = [&](const std::string& request) -> BlockingClient& {
    clients.push_back(std::make_unique<BlockingClient>(server.port(), 16 << 10));
    clients.back()->send(request);
    return *clients.back();
  };
  for (size_t worker = 0; worker < kWorkers; ++worker) {
    add("");
    add("GET /ev");
    add("POST /topics/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf");
    add("POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
        "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"top\r\n");
    CHECK(is_ok(add("").publish("a", "x")));
    CHECK(is_ok(add("").subscribe("topic=a")));
    CHECK(is_ok(add("").subscribe("topic=full")));
    add("nonsense\r\n\r\n").read_until("\r\n\r\n");  // Refused: lingers.
  }
  return clients;
}

TEST_CASE(
    "server: stopping with open connections leaves no descriptor and no thread's work behind") {
  { const net::Loop warm_up; }  // What libuv keeps for the process.
  const size_t before = open_descriptors();
  {
    RunningServer server;
    const Clients clients = clients_in_every_state(server);
    BlockingClient publisher(server.port());
    for (int number = 0; number < 16; ++number) {
      CHECK(is_ok(publisher.publish("full", std::string(256 << 10, 'x'))));
    }
    server.stop();
    CHECK(server.services().connections.load() == 0);
    CHECK(server.services().subscribers.load() == 0);
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("server: stopping while clients connect leaves no descriptor behind") {
  { const net::Loop warm_up; }
  const size_t before = open_descriptors();
  for (int round = 0; round < 5; ++round) {
    RunningServer server;
    const uint16_t port = server.port();
    std::atomic<int> connected{0};
    const std::jthread clients([&connected, port] {
      for (int number = 0; number < 200; ++number) {
        const BlockingClient client(port);
        ++connected;
        connected.notify_all();
      }
    });
    connected.wait(0);
    server.stop();
    CHECK(server.services().connections.load() == 0);
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("server: a drain without connections is over at once, and a stop after it is clean") {
  RunningServer server;
  server.drain().wait();
  server.stop();
  CHECK(server.services().connections.load() == 0);
}

TEST_CASE(
    "server: a reload while others publish and read loses nothing and then holds everywhere") {
  constexpr size_t kPublishers = 3;
  constexpr size_t kEach = 150;
  RunningServer server;
  const Clients readers = subscribe(server, kWorkers, "topic=a&topic=b");
  Publishers publishers(server, kPublishers, kEach);
  server::Options options = three_workers();
  for (int round = 0; round < 50; ++round) {
    // Every second one makes the rings small; the grace keeps what readers have not seen.
    options.policies.fallback.events = round % 2 == 0 ? 10 : 1000;
    options.policies.rules = {{.match = round % 2 == 0 ? "a" : "**", .policy = {.events = 5}}};
    options.stream.heartbeat_ms = round % 2 == 0 ? 0 : 15'000;
    options.cors_origins = {"https://" + std::to_string(round) + ".example"};
    server.apply(options);
  }
  for (const auto& reader : readers) {
    const auto events = reader->read_events(kPublishers * kEach);
    CHECK(events.size() == kPublishers * kEach);
    check_order(events, kPublishers, 1);
  }
  CHECK(publishers.join() == kPublishers * kEach);
  for (const auto& client : connect(server, kWorkers)) {
    client->send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nOrigin: https://49.example\r\n\r\n");
    CHECK(
        contains(client->read_answer(), "\r\nAccess-Control-Allow-Origin: https://49.example\r\n"));
  }
}

TEST_CASE("server: a client that resets its stream is noticed without a write to it") {
  RunningServer server;
  Clients readers = subscribe(server, 2 * kWorkers, "topic=a");
  CHECK(server.services().subscribers.load() == 2 * kWorkers);
  BlockingClient observer(server.port());
  while (!readers.empty()) {
    readers.pop_back();
    // A condition of the server's, so it is asked for until it holds; it must come to hold.
    while (server.services().subscribers.load() != readers.size()) {
      observer.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
      REQUIRE(is_ok(observer.read_answer()));
    }
  }
  CHECK(is_ok(observer.publish("a", "to nobody")));
}

}  // namespace
}  // namespace ringcast::test::server_workers_test
