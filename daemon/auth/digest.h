#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringcast::auth {

using Sha256 = std::array<uint8_t, 32>;

[[nodiscard]] Sha256 sha256(std::string_view bytes);
// RFC 2104.
[[nodiscard]] Sha256 hmac_sha256(std::string_view key, std::string_view bytes);
// As 64 hex digits in lower case.
[[nodiscard]] std::string hex(const Sha256& digest);
// Of 64 hex digits in either case; nothing when they are not.
[[nodiscard]] std::optional<Sha256> parse_sha256(std::string_view text);

// Its first 8 bytes as a number, never 0.
[[nodiscard]] uint64_t short_form(const Sha256& digest);

}  // namespace ringcast::auth
