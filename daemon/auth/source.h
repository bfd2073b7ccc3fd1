#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringcast::auth {

// Joins texts so that other texts never give the same.
[[nodiscard]] std::string joined(const std::vector<std::string>& texts);

// A number for what vouches for somebody: see Identity::source.
[[nodiscard]] uint64_t source_of(const std::vector<std::string>& parts);

}  // namespace ringcast::auth
