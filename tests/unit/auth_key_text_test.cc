#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "auth/key_text.h"
#include "unit/auth_jwt_signer.h"

namespace ringcast::auth::auth_key_text_test {
namespace {

std::string what_is(const std::string& text) {
  const auto key = parse_key_text(text);
  return key ? key->description() : key.error().detail;
}

TEST_CASE("auth: a PEM public key is read") {
  CHECK(what_is(JwtSigner::rsa().public_pem()) == "an RSA key of 2048 bits");
  CHECK(what_is(JwtSigner::ec("P-256").public_pem()) == "an EC key on P-256");
  CHECK(what_is(JwtSigner::ec("P-384").public_pem()) == "an EC key on P-384");
  CHECK(what_is(JwtSigner::ec("P-521").public_pem()) == "an EC key on P-521");
  CHECK(what_is(JwtSigner::ed25519().public_pem()) == "an Ed25519 key");
  CHECK(what_is("A key:\n" + JwtSigner::ed25519().public_pem()) == "an Ed25519 key");
}

TEST_CASE("auth: RSA keys have 2048 bits or more") {
  CHECK(what_is(JwtSigner::rsa(1024).public_pem()) ==
        "an RSA key of 1024 bits is too short: 2048 are the least (RFC 7518 3.3)");
  CHECK(what_is(JwtSigner::rsa(2047).public_pem()) ==
        "an RSA key of 2047 bits is too short: 2048 are the least (RFC 7518 3.3)");
}

TEST_CASE("auth: keys that no algorithm takes are refused") {
  for (const char* curve : {"secp256k1", "P-224", "brainpoolP256r1"}) {
    CAPTURE(curve);
    CHECK(what_is(JwtSigner::ec(curve).public_pem()) ==
          "a kind of key that no algorithm takes: there are RSA, EC on P-256, P-384 or P-521, and "
          "Ed25519");
  }
}

TEST_CASE("auth: a private key is not for the one who checks") {
  CHECK(what_is(JwtSigner::ec("P-256").private_pem()) ==
        "a private key: only its public part belongs here (openssl pkey -in key.pem -pubout)");
}

TEST_CASE("auth: certificates, several keys and broken PEM are refused with a word on what to do") {
  CHECK(what_is("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n") ==
        "a certificate: take its key out (openssl x509 -in cert.pem -noout -pubkey)");
  const std::string pem = JwtSigner::ed25519().public_pem();
  CHECK(what_is(pem + pem) ==
        "more than one PEM block: several keys go into a JWKS, see auth.jwt.jwks");
  CHECK(what_is("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n") ==
        "not a PEM public key that can be read");
  CHECK(what_is("-----BEGIN ") == "not a PEM public key that can be read");
}

TEST_CASE("auth: a secret has 32 bytes or more") {
  CHECK(what_is(std::string(31, 's')) ==
        "a secret of 31 bytes is too short: 32 are the least for HS256, 48 for HS384, 64 for HS512 "
        "(RFC 7518 3.2)");
  CHECK(what_is(std::string(32, 's')) == "a secret of 32 bytes");
  CHECK(what_is("") ==
        "a secret of 0 bytes is too short: 32 are the least for HS256, 48 for HS384, 64 for HS512 "
        "(RFC 7518 3.2)");
}

TEST_CASE("auth: a secret serves the algorithms that it is long enough for") {
  const auto serves = [](size_t bytes, Algorithm algorithm) {
    return parse_key_text(std::string(bytes, 's'))->serves(algorithm);
  };
  CHECK(serves(32, Algorithm::kHs256));
  CHECK_FALSE(serves(47, Algorithm::kHs384));
  CHECK(serves(48, Algorithm::kHs384));
  CHECK_FALSE(serves(63, Algorithm::kHs512));
  CHECK(serves(64, Algorithm::kHs512));
}

TEST_CASE("auth: the line end after a printable secret is the editor's, other bytes count") {
  const std::string text(32, 's');
  CHECK(what_is(text + "\n") == "a secret of 32 bytes");
  CHECK(what_is(text + "\r\n") == "a secret of 32 bytes");
  CHECK(what_is(text + "\n\n") == "a secret of 34 bytes");
  CHECK(what_is(text + " ") == "a secret of 33 bytes");
  CHECK(what_is(std::string(32, '\x01') + "\n") == "a secret of 33 bytes");
  CHECK(what_is(std::string(32, '\0')) == "a secret of 32 bytes");
}

TEST_CASE("auth: a public key in another spelling is never a secret") {
  const std::string der = JwtSigner::rsa().public_der();
  CHECK(what_is(der).starts_with("a public key without PEM lines"));
  const std::string pem = JwtSigner::ec("P-256").public_pem();
  const size_t begin = pem.find('\n') + 1;
  const std::string body = pem.substr(begin, pem.rfind("-----END") - begin);
  CHECK(what_is(body).starts_with("a public key without PEM lines"));
  std::string line = body;
  line.erase(std::remove(line.begin(), line.end(), '\n'), line.end());
  CHECK(what_is(line).starts_with("a public key without PEM lines"));
  CHECK(what_is("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJxyx me@example")
            .starts_with("an SSH public key"));
  CHECK(what_is(R"( {"kty":"RSA","n":"0vx7","e":"AQAB"})") ==
        "JSON: a JWKS goes into auth.jwt.jwks");
}

}  // namespace
}  // namespace ringcast::auth::auth_key_text_test
