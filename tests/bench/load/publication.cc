#include "load/publication.h"

#include <algorithm>
#include <utility>

#include "core/payload.h"

namespace ringcast::bench {

namespace {

constexpr uint64_t kFarAway = 50'000'000;
// Of the events that are sent one after the other.
constexpr uint64_t kWindow = 64;

}  // namespace

class Publication::Publisher final : public Client {
 public:
  Publisher(Reactor& reactor, Publication& owner, uint32_t publisher)
      : Client(reactor, true), number(publisher), topic(publisher), owner_(owner) {}

  const uint32_t number;
  uint64_t topic;        // The next one, before it is taken modulo.
  std::string requests;  // That leave at the end of this read.
  uint64_t unanswered = 0;

 protected:
  void on_status(int status) override { is_accepted_ = status >= 200 && status < 300; }
  void on_body(std::string_view /*bytes*/) override {}
  void on_answered() override { owner_.on_answer(*this, is_accepted_); }
  void on_read() override {
    send(requests);
    requests.clear();
  }
  void on_lost() override {
    owner_.refused_ += unanswered;
    owner_.unanswered_ -= unanswered;
    unanswered = 0;
  }

 private:
  Publication& owner_;
  bool is_accepted_ = false;
};

Publication::Publication(Reactor& reactor, const Requests& requests,
                         const PublicationOptions& options)
    : requests_(requests),
      options_(options),
      sent_(static_cast<size_t>(options.publishers) * options.topics),
      payloads_(options.batch) {
  for (uint32_t number = 0; number < options.publishers; ++number) {
    publishers_.push_back(std::make_unique<Publisher>(reactor, *this, number));
    publishers_.back()->connect(requests.publish_address);
  }
}

Publication::~Publication() = default;

void Publication::start() {
  is_running_ = true;
  started_ns_ = now_ns();
  scheduled_ = 0;
  topic_step_ = options_.publishers;
  for (const auto& publisher : publishers_) {
    publisher->topic = publisher->number;
  }
  if (options_.rate > 0) {
    return;
  }
  for (const auto& publisher : publishers_) {
    for (uint32_t count = 0; count < options_.in_flight; ++count) {
      send_next(*publisher, now_ns());
    }
    publisher->send(std::exchange(publisher->requests, {}));
  }
}

void Publication::stop() {
  is_running_ = false;
}

void Publication::send_some(uint64_t count) {
  Publisher& publisher = *publishers_.front();
  topic_step_ = 1;
  publisher.topic = 0;
  still_to_send_ = count;
  while (still_to_send_ > 0 && publisher.unanswered < kWindow) {
    --still_to_send_;
    send_next(publisher, now_ns());
  }
  publisher.send(std::exchange(publisher.requests, {}));
}

uint64_t Publication::tick() {
  const uint64_t now = now_ns();
  if (!is_running_ || options_.rate <= 0) {
    return now + kFarAway;
  }
  for (;;) {
    const auto due = started_ns_ + static_cast<uint64_t>(static_cast<double>(scheduled_) * 1e9 *
                                                         options_.batch / options_.rate);
    if (due > now) {
      return std::min(due, now + kFarAway);
    }
    lateness_ns_.record(now - due);
    Publisher& publisher = *publishers_[scheduled_ % publishers_.size()];
    send_next(publisher, due);
    publisher.send(std::exchange(publisher.requests, {}));
    ++scheduled_;
  }
}

uint64_t Publication::sent_to(uint32_t topic) const {
  uint64_t sum = 0;
  for (uint32_t publisher = 0; publisher < options_.publishers; ++publisher) {
    sum += sent(publisher, topic);
  }
  return sum;
}

void Publication::send_next(Publisher& publisher, uint64_t time_ns) {
  const auto topic = static_cast<uint32_t>(publisher.topic % options_.topics);
  publisher.topic += topic_step_;
  for (std::string& payload : payloads_) {
    uint32_t& seq = sent_[static_cast<size_t>(publisher.number) * options_.topics + topic];
    payload.clear();
    append_payload(
        payload,
        {.publisher = options_.first_number + publisher.number, .seq = seq++, .time_ns = time_ns},
        options_.payload);
  }
  requests_.append_publish(publisher.requests, options_.first_topic + topic, payloads_);
  ++publisher.unanswered;
  ++unanswered_;
}

void Publication::on_answer(Publisher& publisher, bool is_accepted) {
  --publisher.unanswered;
  --unanswered_;
  ++answered_;
  refused_ += is_accepted ? 0 : 1;
  if (still_to_send_ > 0) {
    --still_to_send_;
    send_next(publisher, now_ns());
  } else if (is_running_ && options_.rate <= 0) {
    send_next(publisher, now_ns());
  }
}

}  // namespace ringcast::bench
