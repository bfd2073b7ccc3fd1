#pragma once

#include "cli/end_condition.h"
#include "cli/exit_code.h"
#include "cli/http_client.h"
#include "cli/options.h"
#include "cli/output.h"

namespace ringcast::cli {

// `ringcast sub`: prints events until `end`, --count, or a refusal. Connections that end are
// made again from the last id, as the stream's `retry:` says.
ExitCode subscribe(const SubscribeOptions& options, HttpClient& client, EndCondition& end,
                   Output& output);

}  // namespace ringcast::cli
