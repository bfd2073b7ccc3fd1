#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sse/event.h"

namespace ringcast::journal {

struct ExportOptions {
  std::vector<std::string> patterns;  // Checked; empty: all events.
  uint64_t after = 0;                 // Only events above this.
};

// Gives the events of one moment in their order to `write`, as whole lines of JSON, some or none at
// a time. Ends without a failure when `write` says false. kStorage when the journal cannot be read.
Status export_events(const std::string& directory, const ExportOptions& options,
                     const std::function<bool(std::string_view lines)>& write);

// Appends an event's line. An event that is in none of `topics` any more is not exported.
void append_line(std::string& out, const sse::Event& event);

}  // namespace ringcast::journal
