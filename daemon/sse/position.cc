#include "sse/position.h"

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace ringcast::sse {

namespace {

constexpr std::string_view kBase36 = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr size_t kEpochBytes = 10;
constexpr unsigned kEpochBits = 51;  // The most that 10 base-36 digits hold.
constexpr uint64_t kMaxSeq = std::numeric_limits<int64_t>::max();

bool is_base36(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

}  // namespace

std::optional<Position> parse_position(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos || dash == 0 || dash > kMaxEpochBytes) {
    return std::nullopt;
  }
  const std::string_view epoch = text.substr(0, dash);
  const std::string_view digits = text.substr(dash + 1);
  if (!std::all_of(epoch.begin(), epoch.end(), is_base36)) {
    return std::nullopt;
  }
  // One spelling for each place: else "e-7" and "e-07" would be the same place and different ids.
  if (digits.size() > 1 && digits.front() == '0') {
    return std::nullopt;
  }
  const auto seq = parse_uint(digits);
  if (!seq || *seq > kMaxSeq) {
    return std::nullopt;
  }
  return Position{.epoch = std::string(epoch), .seq = *seq};
}

std::string format_position(std::string_view epoch, uint64_t seq) {
  std::string text(epoch);
  text += '-';
  text += std::to_string(seq);
  return text;
}

std::string make_epoch(uint64_t random_bits) {
  uint64_t rest = random_bits & ((uint64_t{1} << kEpochBits) - 1);
  std::string epoch(kEpochBytes, '0');
  for (size_t i = kEpochBytes; i-- > 0; rest /= kBase36.size()) {
    epoch[i] = kBase36[rest % kBase36.size()];
  }
  return epoch;
}

}  // namespace ringcast::sse
