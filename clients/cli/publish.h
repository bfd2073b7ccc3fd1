#pragma once

#include "cli/broker.h"
#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/output.h"

namespace ringcast::cli {

// `ringcast pub`: one event from the command line or a file, or one a line from standard input.
// Every event goes out with an idempotency key, so that what a broken connection left unanswered
// is sent again without being stored twice.
ExitCode publish(const PublishOptions& options, Broker& broker, Output& output);

}  // namespace ringcast::cli
