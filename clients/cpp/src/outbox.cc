#include "cpp/src/outbox.h"

#include <utility>

namespace ringcast::client {

void Outbox::send(std::shared_ptr<const HttpRequest> request, Delivery::Done done) {
  PublishOptions once;
  once.retry_for_ms = 0;
  auto delivery =
      std::make_shared<Delivery>(session_, std::move(request), std::move(once), std::move(done));
  sending_.insert(delivery);
  delivery->start(not_retried_,
                  [this, weak = std::weak_ptr(delivery)] { sending_.erase(weak.lock()); });
}

void Outbox::publish(std::shared_ptr<const HttpRequest> request, PublishOptions options,
                     Delivery::Done done) {
  auto delivery =
      std::make_shared<Delivery>(session_, std::move(request), std::move(options), std::move(done));
  if (bytes_ > 0 && bytes_ + delivery->bytes() > limits_.bytes) {
    session_.defer([delivery, bytes = bytes_] {
      delivery->end(make_error(Errc::kQueueFull,
                               std::to_string(bytes) + " bytes wait to be published already"));
    });
    return;
  }
  bytes_ += delivery->bytes();
  waiting_.push_back(std::move(delivery));
  start_next();
}

void Outbox::start_next() {
  while (!waiting_.empty() && publishing_.size() < limits_.parallel) {
    const auto delivery = std::move(waiting_.front());
    waiting_.pop_front();
    publishing_.insert(delivery);
    delivery->start(outage_, [this, weak = std::weak_ptr(delivery)] {
      const auto settled = weak.lock();
      bytes_ -= settled->bytes();
      publishing_.erase(settled);
      start_next();
    });
  }
}

// One by one: whoever is told may abandon the rest.
void Outbox::end(const Error& error) {
  for (Active* active : {&publishing_, &sending_}) {
    waiting_.insert(waiting_.begin(), active->begin(), active->end());
    active->clear();
  }
  while (!waiting_.empty()) {
    const auto delivery = std::move(waiting_.front());
    waiting_.pop_front();
    delivery->end(error);
  }
}

void Outbox::abandon() {
  for (Active* active : {&publishing_, &sending_}) {
    waiting_.insert(waiting_.end(), active->begin(), active->end());
    active->clear();
  }
  for (const auto& delivery : std::exchange(waiting_, {})) {
    delivery->abandon();
  }
}

}  // namespace ringcast::client
