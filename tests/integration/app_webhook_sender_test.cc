#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/system.h"
#include "app/webhook_sender.h"
#include "support/loopback_listener.h"

namespace ringcast::app::app_webhook_sender_test {
namespace {

constexpr int kPublishers = 3;
constexpr int kEvents = 400;  // Of each.

// Takes one request on each connection, and refuses every fifth one. With an answer, it gives that,
// and leaves the connection open.
class StubReceiver {
 public:
  explicit StubReceiver(std::string answer = {}) : answer_(std::move(answer)) {
    thread_ = std::thread([this] { serve(); });
  }
  StubReceiver(const StubReceiver&) = delete;
  StubReceiver& operator=(const StubReceiver&) = delete;
  ~StubReceiver() {
    listener_.stop();
    thread_.join();
    for (const int held : held_) {
      close(held);
    }
  }

  [[nodiscard]] std::string url() const { return listener_.url(); }
  // The bodies that were taken, all in one, once `text` is among them.
  std::string taken_until(const std::string& text) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return taken_.find(text) != std::string::npos; });
    return taken_;
  }
  std::string taken() {
    const std::lock_guard lock(mutex_);
    return taken_;
  }

 private:
  void serve() {
    for (int count = 1;; ++count) {
      const int connection = listener_.accept();
      if (connection < 0) {
        return;
      }
      const std::string body = read_request(connection);
      const bool is_taken = (count % 5 != 0 || !answer_.empty()) && !body.empty();
      const std::string answer = !answer_.empty()
                                     ? answer_
                                     : std::string(is_taken ? "HTTP/1.1 204 X" : "HTTP/1.1 500 X") +
                                           "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
      if (is_taken) {
        const std::lock_guard lock(mutex_);
        taken_ += body;
        changed_.notify_all();
      }
      send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
      if (!answer_.empty()) {
        held_.push_back(connection);
        continue;
      }
      close(connection);
    }
  }
  static std::string read_request(int connection) {
    const std::string text = test::read_head(connection);
    const std::string name = "Content-Length: ";
    const size_t at = text.find(name);
    if (at == std::string::npos) {
      return {};
    }
    std::string body(std::stoul(text.substr(at + name.size())), '\0');
    recv(connection, body.data(), body.size(), MSG_WAITALL);
    return body;
  }

  const std::string answer_;
  std::vector<int> held_;  // The thread's.
  test::LoopbackListener listener_;
  std::mutex mutex_;  // Guards taken_.
  std::condition_variable changed_;
  std::string taken_;
  std::thread thread_;
};

webhooks::Target target(const StubReceiver& receiver, const std::string& name = "w") {
  return {.options = {.name = name,
                      .url = receiver.url(),
                      .topics = {"**"},
                      .secret_file = "-",
                      .batch = 7,
                      .retry_ms = 10,
                      .retry_most_ms = 20},
          .keys = {std::string(32, 'k')}};
}

void publish(server::Hub& hub, const std::string& data) {
  std::vector<server::Draft> drafts(1);
  drafts[0].event = sse::Event::encode({.data = data}, {"a"});
  CHECK(hub.publish(drafts, "", server::Hub::kNoWorker));
}

server::Options roomy() {
  server::Options options;
  options.policies.fallback.events = 100'000;
  return options;
}

TEST_CASE(
    "app: webhooks get everything once and in order, whoever publishes and reloads meanwhile") {
  const SystemClock clock;
  server::Hub hub(roomy(), "e", clock);
  StubReceiver receiver;
  WebhookSender sender(hub, [](const LogLine&) {});
  sender.apply({target(receiver)});
  receiver.taken_until("start");
  std::vector<std::thread> publishers;
  for (int publisher = 0; publisher < kPublishers; ++publisher) {
    publishers.emplace_back([&, publisher] {
      for (int n = 0; n < kEvents; ++n) {
        publish(hub, std::to_string(publisher) + "-" + std::to_string(n));
      }
    });
  }
  for (uint64_t batch = 1; batch < 20; ++batch) {
    webhooks::Target next = target(receiver);
    next.options.batch = batch;
    next.options.batch_bytes = 10'000 + batch;  // So that it subscribes anew.
    sender.apply({next});
    (void)sender.snapshot();
  }
  for (std::thread& publisher : publishers) {
    publisher.join();
  }
  publish(hub, "last");
  const std::string taken = receiver.taken_until("\"data\":\"last\"");
  for (int publisher = 0; publisher < kPublishers; ++publisher) {
    size_t at = 0;
    for (int n = 0; n < kEvents; ++n) {
      const std::string data =
          "\"data\":\"" + std::to_string(publisher) + "-" + std::to_string(n) + "\"";
      const size_t next = taken.find(data, at);
      REQUIRE(next != std::string::npos);
      CHECK(taken.find(data, next + 1) == std::string::npos);
      at = next;
    }
  }
  CHECK(taken.find("\"kind\":\"gap\"") == std::string::npos);
  const auto counts = sender.snapshot();
  REQUIRE(counts.size() == 1);
  CHECK(counts[0].failures > 0);
}

TEST_CASE("app: the end of webhooks delivers what there is") {
  const SystemClock clock;
  server::Hub hub(roomy(), "e", clock);
  StubReceiver receiver;
  WebhookSender sender(hub, [](const LogLine&) {});
  sender.apply({target(receiver)});
  receiver.taken_until("start");
  for (int n = 0; n < 50; ++n) {
    publish(hub, std::to_string(n));
  }
  sender.finish(60'000);
  CHECK(receiver.taken().find("\"data\":\"49\"") != std::string::npos);
}

TEST_CASE("app: a 2xx counts, whatever comes behind it, or does not come") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& rest : {std::string(), "100000\r\n" + std::string(100'000, 'x'),
                                  "0\r\nX: " + std::string(100'000, 'x'), std::string("zz")}) {
    const SystemClock clock;
    server::Hub hub(roomy(), "e", clock);
    StubReceiver receiver(head + rest);
    WebhookSender sender(hub, [](const LogLine&) {});
    sender.apply({target(receiver)});
    receiver.taken_until("start");
    publish(hub, "next");
    receiver.taken_until("\"data\":\"next\"");
    const auto counts = sender.snapshot();
    REQUIRE(counts.size() == 1);
    CHECK(counts[0].requests > 0);
    CHECK(counts[0].failures == 0);
  }
}

TEST_CASE("app: without webhooks there is nothing to end, and afterwards nothing is woken") {
  const SystemClock clock;
  server::Hub hub(roomy(), "e", clock);
  {
    WebhookSender sender(hub, [](const LogLine&) {});
    sender.apply({});
    CHECK(sender.snapshot().empty());
    sender.finish(60'000);
  }
  publish(hub, "x");
}

TEST_CASE("app: a webhook that is gone is told nothing more") {
  const SystemClock clock;
  server::Hub hub(roomy(), "e", clock);
  StubReceiver stays;
  StubReceiver goes;
  WebhookSender sender(hub, [](const LogLine&) {});
  sender.apply({target(stays), target(goes, "gone")});
  goes.taken_until("start");
  sender.apply({target(stays)});
  while (sender.snapshot().size() != 1) {
    std::this_thread::yield();
  }
  publish(hub, "x");
  stays.taken_until("\"data\":\"x\"");
  sender.finish(60'000);
  CHECK(goes.taken().find("\"data\":\"x\"") == std::string::npos);
}

}  // namespace
}  // namespace ringcast::app::app_webhook_sender_test
