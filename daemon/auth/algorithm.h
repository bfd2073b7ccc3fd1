#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ringcast::auth {

// How a JWT is signed: RFC 7518 section 3.1 and RFC 8037 section 3.1 (EdDSA with Ed25519). There is
// no "none", so that no mistake can let it in.
enum class Algorithm : uint8_t {
  kHs256,
  kHs384,
  kHs512,
  kRs256,
  kRs384,
  kRs512,
  kPs256,
  kPs384,
  kPs512,
  kEs256,
  kEs384,
  kEs512,
  kEdDsa,
};

// Their names in the order of the enumeration, as they stand in a JWT's `alg`.
inline constexpr std::array<std::string_view, 13> kAlgorithmNames = {
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256",
    "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"};

[[nodiscard]] constexpr std::string_view name_of(Algorithm algorithm) {
  return kAlgorithmNames[static_cast<size_t>(algorithm)];
}

// By its exact name: RFC 7515 section 4.1.1 has it case-sensitive.
[[nodiscard]] constexpr std::optional<Algorithm> algorithm_named(std::string_view name) {
  for (size_t i = 0; i < kAlgorithmNames.size(); ++i) {
    if (kAlgorithmNames[i] == name) {
      return static_cast<Algorithm>(i);
    }
  }
  return std::nullopt;
}

}  // namespace ringcast::auth
