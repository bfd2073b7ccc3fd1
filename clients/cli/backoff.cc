#include "cli/backoff.h"

#include <algorithm>
#include <random>
#include <string_view>

namespace ringcast::cli {
namespace {

constexpr uint64_t kLeastBaseMs = 100;
constexpr uint64_t kMostBaseMs = 86'400'000;
constexpr uint32_t kMostDoublings = 20;

}  // namespace

uint64_t random_bits() {
  std::random_device device;
  return (uint64_t{device()} << 32U) | device();
}

std::string random_hex() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (uint64_t bits = random_bits(), i = 0; i < 16; ++i, bits >>= 4U) {
    out.push_back(kDigits[bits & 15U]);
  }
  return out;
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

}  // namespace ringcast::cli
