#pragma once

#include <string>

#include "base/clock.h"

namespace ringcast::server {

// A new "urn:uuid:" of version 7 (RFC 9562 section 5.7): the time in milliseconds, and 74 random
// bits. Any thread.
[[nodiscard]] std::string new_urn(const Clock& clock);

}  // namespace ringcast::server
