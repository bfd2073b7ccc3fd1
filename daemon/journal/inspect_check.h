#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringcast::journal {

struct CheckOptions {
  bool is_quick = false;  // Indexes are not compared with their tables.
  std::function<void(const std::string& fault)> on_fault;
  std::function<void(std::string_view phase, uint64_t done)> on_progress;  // Every few thousands.
};

// Looks for what must not be in a journal (docs/journal.md), at one moment, also beside a daemon.
// kStorage when it cannot be read at all.
Status check(const std::string& directory, const CheckOptions& options);

}  // namespace ringcast::journal
