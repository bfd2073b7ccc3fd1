#pragma once

#include <ringcast/event.h>

#include <string>
#include <string_view>

namespace ringcast::cli {

// Appends what `sub` prints for an event: its data, or with `json` one line of
// {"id","event","data"}.
void append_event(std::string& out, const client::Event& event, bool json);

// A ringcast.gap as a sentence, from its data.
[[nodiscard]] std::string describe_gap(std::string_view data);

}  // namespace ringcast::cli
