#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace ringcast::app {

// The keys whose file name still begins with ${CREDENTIALS_DIRECTORY}/: see resolve_credentials().
[[nodiscard]] std::vector<std::string> unresolved_credentials(const config::Config& config);

// Puts the directory of systemd's credentials (LoadCredential=, systemd.exec(5)) into the names of
// files that begin with ${CREDENTIALS_DIRECTORY}/: keys, certificates and a JWKS. They stay as they
// are when this process cannot enter it, as that of ExecReload= (systemd 252 to 257).
void resolve_credentials(config::Config& config, const std::string& directory);

// An error that names the keys, when there are any.
Status check_credentials(const config::Config& config);

}  // namespace ringcast::app
