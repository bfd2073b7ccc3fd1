#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ringcast::auth {

// RFC 4648 section 5 without padding, as JWTs have it.
[[nodiscard]] std::string encode_base64url(std::string_view bytes);

// Nothing when it is not exactly what encode_base64url() would write: padding, blanks, line ends,
// other alphabets and bits that are left over would give one token several spellings.
[[nodiscard]] std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace ringcast::auth
