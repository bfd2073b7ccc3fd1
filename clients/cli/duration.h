#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace ringcast::cli {

// Milliseconds in "250ms", "5s", "5" (seconds), "2m", "1h" or "7d". kInvalid for anything else
// and for more than ten years.
Result<uint64_t> parse_duration_ms(std::string_view text);

}  // namespace ringcast::cli
