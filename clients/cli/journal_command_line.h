#pragma once

#include <CLI/CLI.hpp>

#include "cli/options.h"

namespace ringcast::cli {

// Adds `ringcast journal` and its commands, which fill `options` (outlives `app`).
void add_journal(CLI::App& app, JournalOptions& options);

}  // namespace ringcast::cli
