#pragma once

#include <cstddef>
#include <string_view>

#include "base/text.h"

namespace ringcast::client {

// is_utf8(), quicker for the short ASCII that ids, keys and most events are.
[[nodiscard]] inline bool is_well_formed(std::string_view text) {
  constexpr size_t kShort = 64;
  if (text.size() <= kShort) {
    unsigned char all = 0;
    for (const char c : text) {
      all |= static_cast<unsigned char>(c);
    }
    if (all < 0x80) {
      return true;
    }
  }
  return is_utf8(text);
}

}  // namespace ringcast::client
