#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/algorithm.h"
#include "base/result.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY.

namespace ringcast::auth {

// A key that JWTs are checked with. What it is decides which algorithms it can serve, so that a
// public key is never taken for an HMAC secret (RFC 8725 section 2.1). Immutable, thread-safe.
class JwtKey {
 public:
  // What it is, as far as algorithms ask for it.
  enum class Kind : uint8_t { kSecret, kRsa, kRsaPss, kP256, kP384, kP521, kEd25519 };

  // Takes the key and looks what it is. kInvalid when nothing could be checked with it: another
  // kind of key, a private one, RSA below 2,048 bits.
  static Result<JwtKey> of(std::shared_ptr<evp_pkey_st> key);
  static Result<JwtKey> of_secret(std::string_view bytes);

  // Whether it fits: its type, its curve or size, and the `alg` of its JWK.
  [[nodiscard]] bool serves(Algorithm algorithm) const noexcept;
  // Whether it is meant by a token with this `kid`. A key that came alone (PEM, secret) always is.
  [[nodiscard]] bool is_named(std::string_view kid) const noexcept;
  // True when the signature (as it stands in a JWT) belongs to the text. `algorithm` is served.
  [[nodiscard]] bool verify(Algorithm algorithm, std::string_view text,
                            std::string_view signature) const;
  // "an RSA key of 2048 bits", for messages.
  [[nodiscard]] std::string description() const;
  // The same for the same key with the same id: a digest that does not tell the key.
  [[nodiscard]] const std::string& fingerprint() const noexcept { return fingerprint_; }

 private:
  friend class JwkReader;
  JwtKey(std::shared_ptr<evp_pkey_st> key, Kind kind, size_t bits, std::string_view material);

  std::shared_ptr<evp_pkey_st> key_;
  Kind kind_;
  size_t bits_;
  std::string fingerprint_;
  bool is_in_set_ = false;              // From a JWKS, where `kid` picks it.
  std::optional<std::string> id_;       // Its `kid`.
  std::optional<Algorithm> algorithm_;  // Its `alg`.
};

// What auth.jwt names, read.
struct JwtKeys {
  std::vector<JwtKey> keys;
  std::string missing;  // Why not all of them are there yet: "the JWKS could not be read yet".
};

}  // namespace ringcast::auth
