#pragma once

#include <string>

#include "journal/inspect.h"

namespace ringcast::cli {

// For people: a line for each, and the largest topics as a table.
[[nodiscard]] std::string stats_text(const journal::Stats& stats);
// The same as one line of JSON.
[[nodiscard]] std::string stats_json(const journal::Stats& stats);

}  // namespace ringcast::cli
