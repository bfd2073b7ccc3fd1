#include "load/subscriber.h"

namespace ringcast::bench {

void Subscriber::subscribe(const Requests& requests) {
  const std::string_view last = lines_.last_id();
  connect(requests.subscribe_address);
  send(requests.subscribe(topic_, last.empty() ? std::string_view(start_id_) : last));
}

void Subscriber::cut_off() {
  cut();
  lines_.cut();
  if (is_streaming_) {
    is_streaming_ = false;
    --tally_.streams;
  }
}

void Subscriber::on_status(int status) {
  if (status == 200) {
    is_streaming_ = true;
    ++tally_.streams;
  } else {
    ++tally_.refused;
  }
}

void Subscriber::on_body(std::string_view bytes) {
  if (!is_streaming_) {
    return;  // Of a refusal.
  }
  const uint64_t now = now_ns();
  lines_.feed(bytes, [&](const Payload& payload) {
    if (!tally_.is_strict) {
      tally_.first_events += has_event_ ? 0 : 1;
      has_event_ = true;
      return;
    }
    check_.on_event(payload.publisher, payload.seq, tally_.faults);
    ++tally_.deliveries;
    tally_.latency_ns.record(now > payload.time_ns ? now - payload.time_ns : 0);
  });
  tally_.gaps += lines_.gaps() - gaps_seen_;
  gaps_seen_ = lines_.gaps();
}

void Subscriber::on_lost() {
  if (is_streaming_) {
    is_streaming_ = false;
    --tally_.streams;
    ++tally_.lost;
  }
}

}  // namespace ringcast::bench
