#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/node.h"
#include "net/tls_options.h"

namespace ringcast::config {

// `tls` of a listener: {certificate: FILE, key: FILE, minimum: "1.3"}. The files are not looked at.
Result<net::TlsOptions> read_tls(const Node& map, std::string_view path);
// As it follows the address of a listener; empty for none.
[[nodiscard]] std::string print_tls(const std::optional<net::TlsOptions>& tls);

}  // namespace ringcast::config
