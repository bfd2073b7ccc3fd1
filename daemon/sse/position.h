#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringcast::sse {

inline constexpr size_t kMaxEpochBytes = 11;

// A place in the history: the id of stored events, "<epoch>-<seq>". The epoch names the life of
// the history: 10 base-36 digits here, any 1 to kMaxEpochBytes when parsed; seq is decimal without
// leading zeros, 0 is before the first event. At most 32 bytes.
struct Position {
  std::string epoch;
  uint64_t seq = 0;
  bool operator==(const Position&) const = default;
};

// Nothing unless the text is exactly of that form.
[[nodiscard]] std::optional<Position> parse_position(std::string_view text);
[[nodiscard]] std::string format_position(std::string_view epoch, uint64_t seq);
// 10 base-36 digits out of 64 random bits (51 bits are used).
[[nodiscard]] std::string make_epoch(uint64_t random_bits);

}  // namespace ringcast::sse
