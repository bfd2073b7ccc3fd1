#pragma once

#include <doctest/doctest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "auth/base64url.h"
#include "auth/key_text.h"

namespace ringcast::auth {

// Somebody who signs JWTs, well or badly.
class JwtSigner {
 public:
  static JwtSigner rsa(size_t bits = 2048) {
    return JwtSigner(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
  }
  static JwtSigner ec(const char* curve) { return JwtSigner(EVP_EC_gen(curve)); }
  static JwtSigner ed25519() { return JwtSigner(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }
  static JwtSigner secret(std::string_view bytes) {
    return JwtSigner(EVP_PKEY_new_raw_private_key(
        EVP_PKEY_HMAC, nullptr, reinterpret_cast<const unsigned char*>(bytes.data()),
        bytes.size()));
  }

  // "SubjectPublicKeyInfo" as PEM.
  [[nodiscard]] std::string public_pem() const {
    return pem([this](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key_.get()); });
  }
  [[nodiscard]] std::string private_pem() const {
    return pem([this](BIO* bio) {
      return PEM_write_bio_PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  [[nodiscard]] std::string public_der() const {
    unsigned char* out = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &out);
    std::string der(reinterpret_cast<const char*>(out), static_cast<size_t>(size));
    OPENSSL_free(out);
    return der;
  }
  [[nodiscard]] JwtKey public_key() const {
    auto key = parse_key_text(public_pem());
    REQUIRE_MESSAGE(key, key.error().detail);
    return *key;
  }
  // Of an EC key: "x" or "y" as a JWK has it; of an RSA key "n" or "e".
  [[nodiscard]] std::string number(const char* name, size_t bytes = 0) const {
    BIGNUM* number = nullptr;
    REQUIRE(EVP_PKEY_get_bn_param(key_.get(), name, &number) == 1);
    const size_t size = bytes == 0 ? static_cast<size_t>(BN_num_bytes(number)) : bytes;
    std::string out(size, '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(size));
    BN_free(number);
    return encode_base64url(out);
  }

  // The signature as a JWT has it. It does not ask whether the algorithm fits the key.
  [[nodiscard]] std::string sign(Algorithm algorithm, std::string_view text) const {
    const std::string_view name = name_of(algorithm);
    const EVP_MD* digest = name.ends_with("256")   ? EVP_sha256()
                           : name.ends_with("384") ? EVP_sha384()
                           : name.ends_with("512") ? EVP_sha512()
                                                   : nullptr;
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* parameters = nullptr;
    REQUIRE(EVP_DigestSignInit(context, &parameters, digest, nullptr, key_.get()) == 1);
    if (name.starts_with("PS")) {
      EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST);
    }
    std::array<unsigned char, 1024> out{};
    size_t size = out.size();
    REQUIRE(EVP_DigestSign(context, out.data(), &size,
                           reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1);
    EVP_MD_CTX_free(context);
    const std::string signature(reinterpret_cast<const char*>(out.data()), size);
    return name.starts_with("ES") ? side_by_side(signature, name) : signature;
  }

  // A token of these parts.
  [[nodiscard]] std::string token(Algorithm algorithm, std::string_view header,
                                  std::string_view payload) const {
    const std::string text = encode_base64url(header) + "." + encode_base64url(payload);
    return text + "." + encode_base64url(sign(algorithm, text));
  }
  // A token that says truly how it is signed.
  [[nodiscard]] std::string token(Algorithm algorithm, std::string_view payload) const {
    return token(algorithm, R"({"alg":")" + std::string(name_of(algorithm)) + R"("})", payload);
  }

 private:
  explicit JwtSigner(EVP_PKEY* key) : key_(key, EVP_PKEY_free) { REQUIRE(key != nullptr); }

  template <typename Write>
  static std::string pem(Write write) {
    BIO* bio = BIO_new(BIO_s_mem());
    REQUIRE(write(bio) == 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<size_t>(size));
    BIO_free(bio);
    return text;
  }

  static std::string side_by_side(const std::string& der, std::string_view name) {
    const int half = name == "ES256" ? 32 : name == "ES384" ? 48 : 66;
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size()));
    std::string out(2 * static_cast<size_t>(half), '\0');
    auto* to = reinterpret_cast<unsigned char*>(out.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), to, half);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), to + half, half);
    ECDSA_SIG_free(pair);
    return out;
  }

  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace ringcast::auth
