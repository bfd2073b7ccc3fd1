#pragma once

#include <string>
#include <string_view>

#include "sse/stream_parser.h"

namespace ringcast::cli {

// Appends what `sub` prints for an event: its data, or with `json` one line of
// {"id","event","data"}. `id` is the last one that the stream gave.
void append_event(std::string& out, const sse::Block& block, std::string_view id, bool json);

// A ringcast.gap as a sentence, from its data.
[[nodiscard]] std::string describe_gap(std::string_view data);

}  // namespace ringcast::cli
