#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// How requests prove whose they are: the symmetric scheme of Standard Webhooks 1.0.0.
namespace ringcast::webhooks {

// The keys that requests are signed with: the present one, and while receivers change over, those
// that go before or after it.
using Keys = std::vector<std::string>;

// One secret in each line, at most 4: "whsec_" and 24 to 64 bytes in base64. kInvalid says which
// line is none; it never shows it.
Result<Keys> parse_secrets(std::string_view text);

// The header webhook-signature: one signature for each key, with blanks between.
[[nodiscard]] std::string sign(const Keys& keys, std::string_view id, int64_t unix_seconds,
                               std::string_view body);

}  // namespace ringcast::webhooks
