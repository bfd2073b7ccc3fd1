#include <doctest/doctest.h>

#include <atomic>
#include <charconv>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "server/fanout.h"
#include "support/fake_clock.h"

namespace ringcast::server::hub_threads_test {
namespace {

constexpr uint32_t kWorkers = 3;
constexpr int kPublishers = 3;
constexpr int kEvents = 2000;  // Of each publisher.
constexpr int kReaders = 3;    // Of each worker.

// What a worker's thread sleeps on.
class Doorbell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    has_rung_ = true;
    bell_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    bell_.wait(lock, [this] { return has_rung_; });
    has_rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable bell_;
  bool has_rung_ = false;
};

struct TextSink final : FrameSink {
  size_t write(std::span<const std::string_view> pieces) override {
    const size_t before = text.size();
    for (const std::string_view piece : pieces) {
      text += piece;
    }
    return text.size() - before;
  }
  void end() override {}

  std::string text;
};

// One worker: it turns whenever it is woken, until all publishers are done and all is read.
void serve(Hub& hub, uint32_t worker, Doorbell& bell, const std::atomic<bool>& are_done,
           std::vector<TextSink>& sinks, std::atomic<uint32_t>& ready) {
  Fanout fanout(hub, worker, {});
  SubscriptionSpec spec;
  spec.patterns = {"a", "b/*"};
  std::vector<Subscriber> subscribers(sinks.size());
  for (size_t reader = 0; reader < sinks.size(); ++reader) {
    CHECK(fanout.open(subscribers[reader], sinks[reader], spec, ""));
  }
  ready.fetch_add(1);
  for (;;) {
    const bool is_last = are_done.load();
    while (fanout.turn() || hub.has_news(worker)) {
    }
    if (is_last) {
      break;
    }
    bell.wait();
  }
  for (Subscriber& subscriber : subscribers) {
    fanout.close(subscriber);
  }
}

void publish(Hub& hub, int publisher) {
  const char* const topics[] = {"a", "b/x", "b/y"};
  for (int number = 0; number < kEvents;) {
    std::vector<Draft> drafts;
    for (int left = 1 + number % 4; left > 0 && number < kEvents; --left, ++number) {
      const std::string data = std::to_string(publisher) + "." + std::to_string(number);
      std::vector<std::string> names = {topics[number % 3]};
      if (number % 5 == 0) {
        names.emplace_back(topics[(number + 1) % 3]);
      }
      drafts.emplace_back().event = sse::Event::encode({.data = data}, std::move(names));
    }
    CHECK(hub.publish(drafts, "", Hub::kNoWorker));
  }
}

// The numbers of the lines that begin so.
std::vector<std::string> lines_with(const std::string& text, const std::string& start) {
  std::vector<std::string> found;
  for (size_t at = text.find(start); at != std::string::npos; at = text.find(start, at)) {
    at += start.size();
    found.push_back(text.substr(at, text.find('\n', at) - at));
  }
  return found;
}

TEST_CASE("server: on three workers every reader of two topics gets everything in order, once") {
  FakeClock clock;
  Options options;
  options.workers = kWorkers;
  options.policies.fallback = {.events = 5, .grace_ms = 0};  // Eviction waits for the workers.
  Hub hub(options, "e", clock);
  std::vector<Doorbell> bells(kWorkers);
  std::atomic<bool> are_done{false};
  std::atomic<uint32_t> ready{0};
  std::vector<std::vector<TextSink>> sinks(kWorkers);
  std::vector<std::thread> workers;
  for (uint32_t worker = 0; worker < kWorkers; ++worker) {
    sinks[worker] = std::vector<TextSink>(kReaders);
    hub.set_waker(worker, [&bells, worker] { bells[worker].ring(); });
  }
  for (uint32_t worker = 0; worker < kWorkers; ++worker) {
    workers.emplace_back(
        [&, worker] { serve(hub, worker, bells[worker], are_done, sinks[worker], ready); });
  }
  while (ready.load() < kWorkers) {
    std::this_thread::yield();
  }
  std::vector<std::thread> publishers;
  for (int publisher = 0; publisher < kPublishers; ++publisher) {
    publishers.emplace_back([&hub, publisher] { publish(hub, publisher); });
  }
  for (std::thread& publisher : publishers) {
    publisher.join();
  }
  are_done.store(true);
  for (Doorbell& bell : bells) {
    bell.ring();
  }
  for (std::thread& worker : workers) {
    worker.join();
  }
  for (const std::vector<TextSink>& of_worker : sinks) {
    for (const TextSink& sink : of_worker) {
      CHECK(sink.text.find("ringcast.gap") == std::string::npos);
      const std::vector<std::string> ids = lines_with(sink.text, "\nid: e-");
      REQUIRE(ids.size() == size_t{kPublishers} * kEvents + 1);  // The first is the start.
      for (size_t at = 0; at < ids.size(); ++at) {
        REQUIRE(ids[at] == std::to_string(at));
      }
    }
  }
}

}  // namespace
}  // namespace ringcast::server::hub_threads_test
