#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace ringcast::app {

// The clocks of the machine.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] int64_t unix_ms() const override;
  [[nodiscard]] int64_t steady_ms() const override;
};

// One for each core that this process may use, 1 to 64.
[[nodiscard]] uint32_t core_count();

// A fresh name for the life of a history.
[[nodiscard]] std::string new_epoch();

// Lifts the limit of descriptors as far as the system allows, and returns it.
uint64_t raise_descriptor_limit();

}  // namespace ringcast::app
