#include "cpp/src/backoff.h"

#include <uv.h>

#include <algorithm>
#include <string_view>

namespace ringcast::client {
namespace {

constexpr uint64_t kLeastBaseMs = 100;
constexpr uint64_t kMostBaseMs = 86'400'000;
constexpr uint32_t kMostDoublings = 20;
constexpr uint64_t kLongestMs = uint64_t{100} * 365 * 86'400'000;  // A clock of ns holds 292 years.

}  // namespace

uint64_t random_bits() {
  uint64_t bits = 0;
  if (uv_random(nullptr, nullptr, &bits, sizeof bits, 0, nullptr) != 0) {
    bits =
        uv_hrtime() * 0x9E3779B97F4A7C15U;  // No source of randomness: at least not the same twice.
  }
  return bits;
}

std::string random_hex() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (uint64_t bits = random_bits(), i = 0; i < 16; ++i, bits >>= 4U) {
    out.push_back(kDigits[bits & 15U]);
  }
  return out;
}

std::chrono::steady_clock::time_point later(std::chrono::steady_clock::time_point from,
                                            uint64_t duration_ms) {
  return from + std::chrono::milliseconds(std::min(duration_ms, kLongestMs));
}

uint64_t Backoff::next_ms() {
  const uint64_t longest = std::min(cap_ms_, base_ms_ << std::min(attempts_, kMostDoublings));
  ++attempts_;
  const uint64_t spread = std::max(base_ms_ / 4, longest > base_ms_ ? longest - base_ms_ : 0);
  return base_ms_ + random_() % (spread + 1);
}

void Backoff::set_base_ms(uint64_t base_ms) {
  base_ms_ = std::clamp(base_ms, kLeastBaseMs, kMostBaseMs);
}

}  // namespace ringcast::client
