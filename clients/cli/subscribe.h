#pragma once

#include "cli/broker.h"
#include "cli/end_condition.h"
#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/output.h"

namespace ringcast::cli {

// `ringcast sub`: prints events until `end`, --count, or a refusal.
ExitCode subscribe(const SubscribeOptions& options, Broker& broker, EndCondition& end,
                   Output& output);

}  // namespace ringcast::cli
