#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sse/event.h"

namespace ringcast::sse {

// An event again from what Event::body() gave, ready to be sealed. `id`: the publisher's own, or
// empty. kInvalid when the body is not one.
Result<std::unique_ptr<Event>> restore_event(std::string_view body, std::string_view id,
                                             std::vector<std::string> topics,
                                             bool is_private = false);

}  // namespace ringcast::sse
