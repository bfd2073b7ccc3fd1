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

  // A public key. kInvalid when nothing can be checked with it: a kind that no algorithm takes,
  // RSA below 2,048 bits, a point that is not on its curve.
  static Result<JwtKey> of_public(std::shared_ptr<evp_pkey_st> key);
  // A secret of at least 32 bytes, as HS256 wants it (RFC 7518 section 3.2).
  static Result<JwtKey> of_secret(std::string_view bytes);
  // The same key as a member of a JWKS, where `kid` picks it and `alg` binds it, if it has them.
  [[nodiscard]] JwtKey in_set(std::optional<std::string> id,
                              std::optional<Algorithm> algorithm) const;

  [[nodiscard]] bool is_in_set() const noexcept { return is_in_set_; }

  // Whether it fits: its type, its curve or size, and the `alg` of its JWK.
  [[nodiscard]] bool serves(Algorithm algorithm) const noexcept;
  // Whether a token with this `kid` means it. A key that came alone (PEM, secret) has no name.
  [[nodiscard]] bool is_meant_by(std::string_view kid) const noexcept;
  // Whether the signature, as a JWT has it, is by this key. Only for an algorithm that it serves.
  [[nodiscard]] bool verify(Algorithm algorithm, std::string_view text,
                            std::string_view signature) const;
  // "an RSA key of 2048 bits", for messages.
  [[nodiscard]] std::string description() const;
  // The same for the same key with the same `kid` and `alg`; does not give a secret away.
  [[nodiscard]] std::string fingerprint() const;

 private:
  JwtKey(std::shared_ptr<evp_pkey_st> key, Kind kind, size_t bits, std::string digest)
      : key_(std::move(key)), kind_(kind), bits_(bits), digest_(std::move(digest)) {}

  std::shared_ptr<evp_pkey_st> key_;
  Kind kind_;
  size_t bits_;
  std::string digest_;  // Of the key itself.
  bool is_in_set_ = false;
  std::optional<std::string> id_;
  std::optional<Algorithm> algorithm_;
};

// What auth.jwt names, read.
struct JwtKeys {
  std::vector<JwtKey> keys;
  std::string missing;  // Why there may be more later: "the JWKS could not be read yet".

  // Whether the keys are the same; their order does not count.
  [[nodiscard]] bool same_as(const JwtKeys& other) const;
};

}  // namespace ringcast::auth
