#pragma once

#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/output.h"

namespace ringcast::cli {

// `ringcast token new`: prints a new token, which nobody can show again, and the entry of
// auth.tokens that lets it in. Asks no broker.
ExitCode make_token(const TokenOptions& options, Output& output);

}  // namespace ringcast::cli
