#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringcast::topics {

struct CodePoint {
  char32_t value;
  size_t bytes;  // Its length in UTF-8.
};

// The character that begins at a byte of valid UTF-8, before its end.
[[nodiscard]] constexpr CodePoint code_point_at(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const auto tail = [&](size_t i) { return static_cast<char32_t>(byte(i) & 0x3FU); };
  if (byte(0) < 0x80) {
    return {byte(0), 1};
  }
  if (byte(0) < 0xE0) {
    return {((byte(0) & 0x1FU) << 6) | tail(1), 2};
  }
  if (byte(0) < 0xF0) {
    return {((byte(0) & 0x0FU) << 12) | (tail(1) << 6) | tail(2), 3};
  }
  return {((byte(0) & 0x07U) << 18) | (tail(1) << 12) | (tail(2) << 6) | tail(3), 4};
}

}  // namespace ringcast::topics
