#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/request.h"
#include "http/response.h"

namespace ringcast::server {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The headers that let a page of a listed origin read the answer (Fetch standard, section 3.2).
// A listed origin gets itself back, with credentials; "*" lets everybody, without.
[[nodiscard]] Headers cors_headers(const http::Request& request,
                                   const std::vector<std::string>& origins);

// The answer to OPTIONS, without cors_headers(): 204 with Allow, and to a preflight of a listed
// origin what it may send.
[[nodiscard]] http::Response options_response(const http::Request& request,
                                              std::string_view allowed,
                                              const std::vector<std::string>& origins);

}  // namespace ringcast::server
