#include "cli/duration.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"

namespace ringcast::cli {
namespace {

constexpr std::array<std::pair<std::string_view, uint64_t>, 6> kUnits{{
    {"", 1'000},
    {"ms", 1},
    {"s", 1'000},
    {"m", 60'000},
    {"h", 3'600'000},
    {"d", 86'400'000},
}};
constexpr uint64_t kLongestMs = 10ULL * 366 * 86'400'000;

}  // namespace

Result<uint64_t> parse_duration_ms(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_uint(text.substr(0, digits));
  for (const auto& [name, unit_ms] : kUnits) {
    if (number && text.substr(digits) == name && *number <= kLongestMs / unit_ms) {
      return *number * unit_ms;
    }
  }
  return fail(Errc::kInvalid,
              "'" + std::string(text) + "' is no time such as 500ms, 5s, 2m, 1h or 7d");
}

}  // namespace ringcast::cli
