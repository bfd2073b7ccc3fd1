#include "config/units.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"

namespace ringcast::config {

namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

// Largest first, because printing takes the first one that fits.
constexpr std::array kBinarySizes = {Unit{"GiB", kGiB}, Unit{"MiB", kMiB}, Unit{"KiB", kKiB},
                                     Unit{"B", 1}, Unit{"", 1}};
constexpr std::array kDecimalSizes = {Unit{"GB", 1'000'000'000}, Unit{"MB", 1'000'000},
                                      Unit{"kB", 1000}};
constexpr std::array kTimes = {Unit{"d", kDay}, Unit{"h", kHour}, Unit{"m", kMinute},
                               Unit{"s", kSecond}, Unit{"ms", 1}};

template <size_t N>
std::optional<uint64_t> scale(std::string_view text, const std::array<Unit, N>& units) {
  const auto name = unit_of(text);
  const auto is_named = [&](const Unit& unit) { return unit.name == name; };
  const auto unit = std::find_if(units.begin(), units.end(), is_named);
  if (!name || unit == units.end()) {
    return std::nullopt;
  }
  const auto number = parse_uint(text.substr(0, text.size() - name->size()));
  if (!number || *number > std::numeric_limits<uint64_t>::max() / unit->factor) {
    return std::nullopt;
  }
  return *number * unit->factor;
}

}  // namespace

std::optional<std::string_view> unit_of(std::string_view text) {
  const size_t digits = std::min(text.size(), text.find_first_not_of("0123456789"));
  if (digits == 0) {
    return std::nullopt;
  }
  return text.substr(digits);
}

std::optional<uint64_t> parse_size(std::string_view text) {
  const auto size = scale(text, kBinarySizes);
  return size ? size : scale(text, kDecimalSizes);
}

std::optional<int64_t> parse_time(std::string_view text) {
  if (text == "0") {
    return 0;
  }
  const auto ms = scale(text, kTimes);
  if (!ms || *ms > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return std::nullopt;
  }
  return static_cast<int64_t>(*ms);
}

std::string print_size(uint64_t bytes) {
  for (const Unit& unit : kBinarySizes) {
    if (unit.factor > 1 && bytes >= unit.factor && bytes % unit.factor == 0) {
      return std::to_string(bytes / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(bytes);
}

std::string print_time(int64_t ms) {
  if (ms == 0) {
    return "0";
  }
  for (const Unit& unit : kTimes) {
    if (const auto factor = static_cast<int64_t>(unit.factor); ms % factor == 0) {
      return std::to_string(ms / factor) + std::string(unit.name);
    }
  }
  return std::to_string(ms) + "ms";
}

}  // namespace ringcast::config
