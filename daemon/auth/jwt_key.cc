#include "auth/jwt_key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <cassert>
#include <set>
#include <utility>

#include "auth/digest.h"

namespace ringcast::auth {

namespace {

constexpr size_t kMinSecretBytes = 32;
constexpr size_t kMinRsaBits = 2048;

enum class Family : uint8_t { kHmac, kPkcs1, kPss, kEcdsa, kEdDsa };

// How an algorithm works.
struct Scheme {
  Family family;
  const EVP_MD* (*digest)();
  size_t bytes;  // HMAC: of the digest; ECDSA: of one coordinate.
};

// In the order of Algorithm.
constexpr std::array<Scheme, kAlgorithmNames.size()> kSchemes = {{
    {Family::kHmac, EVP_sha256, 32},
    {Family::kHmac, EVP_sha384, 48},
    {Family::kHmac, EVP_sha512, 64},
    {Family::kPkcs1, EVP_sha256, 0},
    {Family::kPkcs1, EVP_sha384, 0},
    {Family::kPkcs1, EVP_sha512, 0},
    {Family::kPss, EVP_sha256, 0},
    {Family::kPss, EVP_sha384, 0},
    {Family::kPss, EVP_sha512, 0},
    {Family::kEcdsa, EVP_sha256, 32},
    {Family::kEcdsa, EVP_sha384, 48},
    {Family::kEcdsa, EVP_sha512, 66},
    {Family::kEdDsa, EVP_md_null, 0},
}};

const Scheme& scheme_of(Algorithm algorithm) {
  return kSchemes[static_cast<size_t>(algorithm)];
}

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct SignatureDeleter {
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

const unsigned char* unsigned_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// A JWT has r and s side by side (RFC 7518 section 3.4), OpenSSL wants them as DER. Empty when
// they are not of the curve's size.
std::string der_of(std::string_view signature, size_t coordinate_bytes) {
  const auto half = static_cast<int>(coordinate_bytes);
  const std::unique_ptr<ECDSA_SIG, SignatureDeleter> pair(ECDSA_SIG_new());
  if (signature.size() != 2 * coordinate_bytes || !pair) {
    return {};
  }
  BIGNUM* r = BN_bin2bn(unsigned_bytes(signature), half, nullptr);
  BIGNUM* s = BN_bin2bn(unsigned_bytes(signature) + half, half, nullptr);
  if (r == nullptr || s == nullptr || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  // With zeros the equation holds for any text (CVE-2022-21449): OpenSSL refuses them, too.
  if (BN_is_zero(r) || BN_is_zero(s)) {
    return {};
  }
  unsigned char* out = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &out);
  std::string der(size > 0 ? reinterpret_cast<const char*>(out) : "",
                  static_cast<size_t>(size > 0 ? size : 0));
  OPENSSL_free(out);
  return der;
}

bool verify_mac(EVP_MD_CTX* context, const Scheme& scheme, EVP_PKEY* key, std::string_view text,
                std::string_view mac) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> own{};
  size_t size = own.size();
  return EVP_DigestSignInit(context, nullptr, scheme.digest(), nullptr, key) == 1 &&
         EVP_DigestSign(context, own.data(), &size, unsigned_bytes(text), text.size()) == 1 &&
         size == mac.size() && CRYPTO_memcmp(own.data(), mac.data(), size) == 0;
}

bool verify_public(EVP_MD_CTX* context, const Scheme& scheme, EVP_PKEY* key, std::string_view text,
                   std::string_view signature) {
  EVP_PKEY_CTX* parameters = nullptr;  // Belongs to `context`.
  const EVP_MD* digest = scheme.family == Family::kEdDsa ? nullptr : scheme.digest();
  if (EVP_DigestVerifyInit(context, &parameters, digest, nullptr, key) != 1) {
    return false;
  }
  // RFC 7518 section 3.5: the salt is as long as the digest.
  if (scheme.family == Family::kPss &&
      (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) <= 0 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) <= 0)) {
    return false;
  }
  return EVP_DigestVerify(context, unsigned_bytes(signature), signature.size(),
                          unsigned_bytes(text), text.size()) == 1;
}

std::optional<JwtKey::Kind> curve_of(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  size_t size = 0;
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) != 1) {
    return std::nullopt;
  }
  const std::string_view curve(name.data(), size);
  return curve == SN_X9_62_prime256v1 ? std::optional(JwtKey::Kind::kP256)
         : curve == SN_secp384r1      ? std::optional(JwtKey::Kind::kP384)
         : curve == SN_secp521r1      ? std::optional(JwtKey::Kind::kP521)
                                      : std::nullopt;
}

std::optional<JwtKey::Kind> kind_of(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    return JwtKey::Kind::kRsa;
  }
  if (EVP_PKEY_is_a(key, "RSA-PSS") == 1) {
    return JwtKey::Kind::kRsaPss;
  }
  if (EVP_PKEY_is_a(key, "ED25519") == 1) {
    return JwtKey::Kind::kEd25519;
  }
  return EVP_PKEY_is_a(key, "EC") == 1 ? curve_of(key) : std::nullopt;
}

bool is_sound(EVP_PKEY* key) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, nullptr);
  const bool sound = context != nullptr && EVP_PKEY_public_check(context) == 1;
  EVP_PKEY_CTX_free(context);
  return sound;
}

std::string digest_of(EVP_PKEY* key) {
  unsigned char* out = nullptr;
  const int size = i2d_PUBKEY(key, &out);
  const std::string_view der(reinterpret_cast<const char*>(out),
                             static_cast<size_t>(size > 0 ? size : 0));
  std::string digest = hex(sha256(der));
  OPENSSL_free(out);
  return digest;
}

}  // namespace

Result<JwtKey> JwtKey::of_public(std::shared_ptr<evp_pkey_st> key) {
  ERR_set_mark();
  const auto kind = kind_of(key.get());
  const bool sound = kind && is_sound(key.get());
  ERR_pop_to_mark();
  if (!kind) {
    return fail(
        Errc::kInvalid,
        "a kind of key that no algorithm takes: there are RSA, EC on P-256, P-384 or P-521, "
        "and Ed25519");
  }
  const auto bits = static_cast<size_t>(EVP_PKEY_get_bits(key.get()));
  const bool is_rsa = *kind == Kind::kRsa || *kind == Kind::kRsaPss;
  if (is_rsa && bits < kMinRsaBits) {
    return fail(Errc::kInvalid, "an RSA key of " + std::to_string(bits) +
                                    " bits is too short: 2048 are the least (RFC 7518 3.3)");
  }
  if (!sound) {
    return fail(Errc::kInvalid, "the numbers of this key do not make a key");
  }
  std::string digest = digest_of(key.get());
  return JwtKey(std::move(key), *kind, bits, std::move(digest));
}

Result<JwtKey> JwtKey::of_secret(std::string_view bytes) {
  if (bytes.size() < kMinSecretBytes) {
    return fail(Errc::kInvalid, "a secret of " + std::to_string(bytes.size()) +
                                    " bytes is too short: 32 are the least for HS256, 48 for "
                                    "HS384, 64 for HS512 (RFC 7518 3.2)");
  }
  std::shared_ptr<EVP_PKEY> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, nullptr, unsigned_bytes(bytes), bytes.size()),
      EVP_PKEY_free);
  if (!key) {
    return fail(Errc::kInvalid, "OpenSSL does not take the secret");
  }
  return JwtKey(std::move(key), Kind::kSecret, bytes.size() * 8, hex(sha256(bytes)));
}

JwtKey JwtKey::in_set(std::optional<std::string> id, std::optional<Algorithm> algorithm) const {
  JwtKey member = *this;
  member.is_in_set_ = true;
  member.id_ = std::move(id);
  member.algorithm_ = algorithm;
  return member;
}

bool JwtKey::serves(Algorithm algorithm) const noexcept {
  if (algorithm_ && *algorithm_ != algorithm) {
    return false;
  }
  const Scheme& scheme = scheme_of(algorithm);
  switch (scheme.family) {
    case Family::kHmac:
      return kind_ == Kind::kSecret && bits_ / 8 >= scheme.bytes;
    case Family::kPkcs1:
      return kind_ == Kind::kRsa;
    case Family::kPss:
      return kind_ == Kind::kRsa || kind_ == Kind::kRsaPss;
    case Family::kEcdsa:
      return kind_ == (algorithm == Algorithm::kEs256   ? Kind::kP256
                       : algorithm == Algorithm::kEs384 ? Kind::kP384
                                                        : Kind::kP521);
    case Family::kEdDsa:
      return kind_ == Kind::kEd25519;
  }
  return false;
}

bool JwtKey::is_meant_by(std::string_view kid) const noexcept {
  return !is_in_set_ || (id_ && *id_ == kid);
}

bool JwtKey::verify(Algorithm algorithm, std::string_view text, std::string_view signature) const {
  assert(serves(algorithm));
  const Scheme& scheme = scheme_of(algorithm);
  const std::unique_ptr<EVP_MD_CTX, ContextDeleter> context(EVP_MD_CTX_new());
  if (!context) {
    return false;
  }
  // A refusal leaves notes in the thread's queue of errors, where TLS would find them.
  ERR_set_mark();
  bool is_good = false;
  if (scheme.family == Family::kHmac) {
    is_good = verify_mac(context.get(), scheme, key_.get(), text, signature);
  } else if (scheme.family == Family::kEcdsa) {
    const std::string der = der_of(signature, scheme.bytes);
    is_good = !der.empty() && verify_public(context.get(), scheme, key_.get(), text, der);
  } else {
    is_good = verify_public(context.get(), scheme, key_.get(), text, signature);
  }
  ERR_pop_to_mark();
  return is_good;
}

std::string JwtKey::description() const {
  const std::string bits = std::to_string(bits_) + " bits";
  switch (kind_) {
    case Kind::kSecret:
      return "a secret of " + std::to_string(bits_ / 8) + " bytes";
    case Kind::kRsa:
      return "an RSA key of " + bits;
    case Kind::kRsaPss:
      return "an RSA-PSS key of " + bits;
    case Kind::kP256:
      return "an EC key on P-256";
    case Kind::kP384:
      return "an EC key on P-384";
    case Kind::kP521:
      return "an EC key on P-521";
    case Kind::kEd25519:
      return "an Ed25519 key";
  }
  return {};
}

std::string JwtKey::fingerprint() const {
  const std::string id = id_ ? "id " + std::to_string(id_->size()) + " " + *id_ : "no id";
  const std::string_view bound = algorithm_ ? name_of(*algorithm_) : "any";
  return digest_ + " " + (is_in_set_ ? "in a set " : "alone ") + id + " " + std::string(bound);
}

bool JwtKeys::same_as(const JwtKeys& other) const {
  const auto prints = [](const JwtKeys& of) {
    std::multiset<std::string> all;
    for (const JwtKey& key : of.keys) {
      all.insert(key.fingerprint());
    }
    return all;
  };
  return missing == other.missing && prints(*this) == prints(other);
}

}  // namespace ringcast::auth
