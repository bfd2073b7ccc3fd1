#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/node.h"

namespace ringcast::config {

// Each element must be a scalar and pass `check`, whose failures get the place and the path.
Result<std::vector<std::string>> read_strings(const Node& value, std::string_view path,
                                              Status (*check)(std::string_view));
// "[\"a\", \"b\"]"
std::string print_strings(const std::vector<std::string>& strings);

}  // namespace ringcast::config
