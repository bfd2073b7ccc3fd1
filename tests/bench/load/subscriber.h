#pragma once

#include <cstdint>
#include <string_view>

#include "core/event_lines.h"
#include "core/histogram.h"
#include "core/stream_check.h"
#include "load/client.h"
#include "load/target.h"

namespace ringcast::bench {

// What a group of subscribers has seen.
struct Tally {
  uint64_t streams = 0;       // That have their response's head.
  uint64_t first_events = 0;  // Streams that have got an event at all.
  uint64_t deliveries = 0;
  uint64_t refused = 0;  // Responses other than 200.
  uint64_t lost = 0;     // Streams that ended, though nobody had cut them.
  uint64_t gaps = 0;     // ringcast.gap events.
  Faults faults;         // Counted once the run is strict.
  bool is_strict = false;
  Histogram latency_ns;
};

// One stream of events, checked as it comes.
class Subscriber final : public Client {
 public:
  Subscriber(Reactor& reactor, bool is_urgent, uint32_t topic, uint32_t publishers, Tally& tally)
      : Client(reactor, is_urgent),
        topic_(topic),
        check_(std::vector<uint32_t>(publishers)),
        tally_(tally) {}

  // Resumes after the last event that it has, unless that is none.
  void subscribe(const Requests& requests);
  void resume_after(std::string_view id) { start_id_ = id; }
  void cut_off();

  [[nodiscard]] uint32_t topic() const noexcept { return topic_; }
  [[nodiscard]] bool is_streaming() const noexcept { return is_streaming_; }
  [[nodiscard]] std::string_view last_id() const noexcept { return lines_.last_id(); }
  StreamCheck& check() noexcept { return check_; }

 protected:
  void on_status(int status) override;
  void on_body(std::string_view bytes) override;
  void on_answered() override { on_lost(); }
  void on_lost() override;

 private:
  const uint32_t topic_;
  EventLines lines_;
  StreamCheck check_;
  std::string start_id_;
  Tally& tally_;
  uint32_t gaps_seen_ = 0;
  bool is_streaming_ = false;
  bool has_event_ = false;
};

}  // namespace ringcast::bench
