#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "journal/options.h"
#include "topics/journal.h"

namespace ringcast::app {

// The clocks of the machine.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] int64_t unix_ms() const override;
  [[nodiscard]] int64_t steady_ms() const override;
  [[nodiscard]] int64_t steady_us() const override;
};

// One for each core that this process may use, 1 to 63.
[[nodiscard]] uint32_t core_count();

// A fresh name for the life of a history.
[[nodiscard]] std::string new_epoch();

// Whether the options name no directory, or one that can be written. Errors name the key.
Status check_journal(const journal::Options& options);

// The journal that the options name; null when they name none. `notes` is for the log. Errors are
// as check_journal() and journal::open() have them.
Result<std::unique_ptr<topics::Journal>> open_journal(const journal::Options& options,
                                                      std::vector<std::string>& notes);

// Before there are threads: lets all of them allocate from one heap. With a heap for each, as glibc
// has it, what one loop's events leave free is of no use to the events of the others, and resident
// memory could grow to `memory` times `workers`. The variable MALLOC_ARENA_MAX goes before it.
void share_heap();

// Lifts the limit of descriptors as far as the system allows, and returns it.
uint64_t raise_descriptor_limit();

}  // namespace ringcast::app
