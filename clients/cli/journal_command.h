#pragma once

#include <string>

#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/output.h"

namespace ringcast::cli {

// `ringcast journal …`: "journal check", "journal stats", "journal export" or "journal import".
ExitCode run_journal(const std::string& command, const JournalOptions& options, Output& output);

}  // namespace ringcast::cli
