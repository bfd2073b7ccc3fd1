#pragma once

#include <cstdint>

namespace ringcast {

// 64 bits that nobody else has got, for names that must not repeat. Not for secrets. Any thread.
[[nodiscard]] uint64_t random_bits();

}  // namespace ringcast
