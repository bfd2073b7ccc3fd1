#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/histogram.h"
#include "load/client.h"
#include "load/target.h"

namespace ringcast::bench {

struct PublicationOptions {
  uint32_t publishers = 1;
  uint32_t topics = 1;  // Taken in turn, from first_topic.
  uint32_t first_topic = 0;
  uint32_t in_flight = 1;  // Requests that each publisher has under way, in closed loop.
  uint32_t batch = 1;      // Events in one request.
  size_t payload = 200;
  double rate = 0;            // Events per second of all publishers together; 0: closed loop.
  uint32_t first_number = 0;  // Of the publishers, in the payloads.
};

// Publishers that keep their connections: in closed loop each sends its next request when one is
// answered; in open loop requests leave by the clock, whether answers come or not.
class Publication {
 public:
  Publication(Reactor& reactor, const Requests& requests, const PublicationOptions& options);
  Publication(const Publication&) = delete;
  Publication& operator=(const Publication&) = delete;
  ~Publication();

  // Goes on until stop().
  void start();
  void stop();
  // Just so many, by the first publisher, to one topic after the other.
  void send_some(uint64_t count);
  // To be called in every turn; sends what is due. When to be called again at the latest.
  uint64_t tick();

  [[nodiscard]] bool is_idle() const noexcept { return unanswered_ == 0 && still_to_send_ == 0; }
  [[nodiscard]] uint32_t publishers() const noexcept { return options_.publishers; }
  [[nodiscard]] uint64_t answered() const noexcept { return answered_; }
  [[nodiscard]] uint64_t refused() const noexcept { return refused_; }
  // Events sent to a topic (from first_topic on) by a publisher so far, which is the next seq.
  [[nodiscard]] uint32_t sent(uint32_t publisher, uint32_t topic) const {
    return sent_[static_cast<size_t>(publisher) * options_.topics + topic];
  }
  [[nodiscard]] uint64_t sent_to(uint32_t topic) const;
  // How late events left, in open loop: the load generator's own lag.
  [[nodiscard]] const Histogram& lateness_ns() const noexcept { return lateness_ns_; }

 private:
  class Publisher;
  void send_next(Publisher& publisher, uint64_t time_ns);
  void on_answer(Publisher& publisher, bool is_accepted);

  const Requests& requests_;
  const PublicationOptions options_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
  std::vector<uint32_t> sent_;
  std::vector<std::string> payloads_;  // Of one request.
  uint64_t unanswered_ = 0;
  uint64_t answered_ = 0;
  uint64_t refused_ = 0;
  uint64_t still_to_send_ = 0;
  uint64_t scheduled_ = 0;
  uint64_t started_ns_ = 0;
  uint32_t topic_step_ = 1;
  bool is_running_ = false;
  Histogram lateness_ns_;
};

}  // namespace ringcast::bench
