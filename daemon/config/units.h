#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringcast::config {

// Bytes.
inline constexpr uint64_t kKiB = 1ULL << 10;
inline constexpr uint64_t kMiB = 1ULL << 20;
inline constexpr uint64_t kGiB = 1ULL << 30;
inline constexpr uint64_t kTiB = 1ULL << 40;
// Milliseconds.
inline constexpr int64_t kSecond = 1000;
inline constexpr int64_t kMinute = 60 * kSecond;
inline constexpr int64_t kHour = 60 * kMinute;
inline constexpr int64_t kDay = 24 * kHour;

// Reads "1048576", "64KiB", "1MB": a whole number with an optional unit out of kSizeUnits.
// Nothing when it is none or does not fit.
[[nodiscard]] std::optional<uint64_t> parse_size(std::string_view text);

// Reads "250ms", "30s", "1h" into milliseconds: a whole number with a unit out of kTimeUnits; only
// 0 may go without. Nothing when it is none or does not fit.
[[nodiscard]] std::optional<int64_t> parse_time(std::string_view text);

// In the largest unit that leaves a whole number.
[[nodiscard]] std::string print_size(uint64_t bytes);
[[nodiscard]] std::string print_time(int64_t ms);

inline constexpr std::string_view kSizeUnits = "B, KiB, MiB, GiB, kB, MB or GB";
inline constexpr std::string_view kTimeUnits = "ms, s, m, h or d";

// What follows the digits that `text` begins with; nothing when it does not begin with one.
[[nodiscard]] std::optional<std::string_view> unit_of(std::string_view text);

}  // namespace ringcast::config
