#pragma once

#include "cli/broker.h"
#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/output.h"

namespace ringcast::cli {

// `ringcast topics`: a table, or one JSON object a line.
ExitCode list_topics(const TopicsOptions& options, Broker& broker, Output& output);

// `ringcast history`: id, time, type and data of what a topic retains, separated by tabs, or one
// JSON object a line.
ExitCode show_history(const HistoryOptions& options, Broker& broker, Output& output);

// `ringcast health`: kOk when the broker is ready, else kRefused, also when it cannot be reached
// (what a container's HEALTHCHECK expects).
ExitCode check_health(const HealthOptions& options, Broker& broker);

}  // namespace ringcast::cli
