#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "webhooks/element.h"

namespace ringcast::webhooks {

// What one request carries, in order.
class Batch {
 public:
  void add(const Element& element);
  // The element that tells of a start.
  void add_start(const std::string& json);
  // `dropped` will never be delivered: this one tells so, before all else.
  void begin_with_loss_of(const Batch& dropped);

  [[nodiscard]] bool empty() const noexcept { return elements_.empty(); }
  [[nodiscard]] uint64_t events() const noexcept { return events_; }
  // Of all elements.
  [[nodiscard]] size_t bytes() const noexcept { return elements_.size(); }
  // How many events it tells to be missing; nothing when that cannot be known.
  [[nodiscard]] std::optional<uint64_t> missed() const noexcept { return missed_; }

  // The body of the request. It takes the elements along: what stays is what
  // begin_with_loss_of() has to know, and the numbers.
  [[nodiscard]] std::string take_body(std::string_view webhook, int64_t unix_ms);

 private:
  void append(std::string_view json);
  void add_missed(std::optional<uint64_t> missed);

  std::string elements_;  // With commas between.
  uint64_t events_ = 0;
  std::optional<uint64_t> missed_ = 0;
  std::string start_;  // The element, if there is one.
};

}  // namespace ringcast::webhooks
