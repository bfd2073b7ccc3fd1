#pragma once

#include <string>
#include <string_view>

#include "topics/byte_set.h"

namespace ringcast::topics {

// What is percent-encoded where (WHATWG URL Standard, section 1.3).
inline constexpr ByteSet kControlEscapes = ByteSet::range(0, 0x1F) | ByteSet::range(0x7F, 0xFF);
inline constexpr ByteSet kFragmentEscapes = kControlEscapes | ByteSet::of(" \"<>`");
inline constexpr ByteSet kQueryEscapes = kControlEscapes | ByteSet::of(" \"#<>");
inline constexpr ByteSet kSpecialQueryEscapes = kQueryEscapes | ByteSet::of("'");
inline constexpr ByteSet kPathEscapes = kQueryEscapes | ByteSet::of("?^`{}");
inline constexpr ByteSet kUserinfoEscapes = kPathEscapes | ByteSet::of("/:;=@[\\]|");

[[nodiscard]] std::string percent_encode(std::string_view text, const ByteSet& escapes);
// A percent sign without two hex digits stays as it is.
[[nodiscard]] std::string percent_decode_leniently(std::string_view text);

}  // namespace ringcast::topics
