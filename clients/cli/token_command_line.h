#pragma once

#include <CLI/CLI.hpp>

#include "cli/options.h"

namespace ringcast::cli {

// Adds `ringcast token` and its command, which fills `options` (outlives `app`).
void add_token(CLI::App& app, TokenOptions& options);

}  // namespace ringcast::cli
