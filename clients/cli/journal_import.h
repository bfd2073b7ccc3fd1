#pragma once

#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/output.h"

namespace ringcast::cli {

// `ringcast journal import`: from a file or standard input. A bad line ends it with kRefused, after
// what came before it is safe.
ExitCode import_journal(const JournalOptions& options, Output& output);

}  // namespace ringcast::cli
