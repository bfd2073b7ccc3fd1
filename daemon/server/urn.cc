#include "server/urn.h"

#include <cstdint>
#include <string_view>

#include "base/random.h"

namespace ringcast::server {

namespace {

void append_hex(std::string& out, uint64_t value, int digits) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out += kHex[value >> static_cast<unsigned>(shift) & 0xFU];
  }
}

}  // namespace

std::string new_urn(const Clock& clock) {
  const auto unix_ms = static_cast<uint64_t>(clock.unix_ms());
  const uint64_t low = random_bits();
  std::string urn = "urn:uuid:";
  append_hex(urn, unix_ms >> 16U, 8);
  urn += '-';
  append_hex(urn, unix_ms & 0xFFFFU, 4);
  urn += '-';
  append_hex(urn, 0x7000U | (random_bits() & 0xFFFU), 4);  // Version 7.
  urn += '-';
  append_hex(urn, 0x8000U | (low >> 48U & 0x3FFFU), 4);  // The variant of RFC 9562.
  urn += '-';
  append_hex(urn, low & 0xFFFF'FFFF'FFFFU, 12);
  return urn;
}

}  // namespace ringcast::server
