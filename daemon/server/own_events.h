#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "server/hub.h"

namespace ringcast::server {

// An event of the broker, in a topic that starts with "$". `json` is its data.
[[nodiscard]] Draft own_event(std::string_view topic, std::string_view type, std::string_view json,
                              bool is_private = false);

// Publishes events of the broker. Best effort: without memory they are lost, and nobody is refused
// for them. They have their places in the one sequence, but no journal gets them. `done`, on any
// thread, is told whether they were stored. Any thread.
void publish_own(Hub& hub, std::vector<Draft> events, const std::function<void(bool)>& done);

}  // namespace ringcast::server
