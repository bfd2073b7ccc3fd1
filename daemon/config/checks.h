#pragma once

#include <span>

#include "base/result.h"
#include "config/assignment.h"
#include "config/config.h"

namespace ringcast::config {

// What no key can tell by itself. `assignments` are those that made the configuration, in the
// order of apply(), for the places in the messages.
Status check_together(const Config& config, std::span<const Assignment> assignments);

}  // namespace ringcast::config
