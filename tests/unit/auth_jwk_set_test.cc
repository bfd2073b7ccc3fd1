#include <doctest/doctest.h>

#include <string>

#include "auth/base64url.h"
#include "auth/jwk_set.h"
#include "unit/auth_jwt_signer.h"

namespace ringcast::auth::auth_jwk_set_test {
namespace {

std::string error_of(const std::string& text) {
  const auto set = parse_jwk_set(text);
  return set ? "no error" : set.error().detail;
}

const std::string kSecret = R"("kty":"oct","k":")" + encode_base64url(std::string(64, 's')) + '"';
const std::string kGood = "{" + kSecret + "}";

// Why a key is skipped beside one that is good.
std::string why_skipped(const std::string& jwk) {
  const auto set = parse_jwk_set(R"({"keys":[)" + kGood + "," + jwk + "]}");
  if (!set) {
    return "refused: " + set.error().detail;
  }
  CHECK(set->keys.size() + set->skipped.size() == 2);
  return set->skipped.empty() ? "taken" : set->skipped[0];
}

std::string ec_jwk(const JwtSigner& signer, const std::string& curve, size_t bytes) {
  return R"({"kty":"EC","crv":")" + curve + R"(","x":")" + signer.number("qx", bytes) +
         R"(","y":")" + signer.number("qy", bytes) + R"("})";
}

TEST_CASE("auth: keys of all kinds are read from a JWKS") {
  const JwtSigner rsa = JwtSigner::rsa();
  const std::string text =
      R"({"issuer":"x","keys":[)" + kGood + R"(,{"kty":"RSA","n":")" + rsa.number("n") +
      R"(","e":"AQAB"},)" + ec_jwk(JwtSigner::ec("P-256"), "P-256", 32) + "," +
      ec_jwk(JwtSigner::ec("P-384"), "P-384", 48) + "," +
      ec_jwk(JwtSigner::ec("P-521"), "P-521", 66) +
      R"(,{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})";
  const auto set = parse_jwk_set(text);
  REQUIRE_MESSAGE(set, set.error().detail);
  CHECK(set->skipped.empty());
  REQUIRE(set->keys.size() == 6);
  CHECK(set->keys[0].description() == "a secret of 64 bytes");
  CHECK(set->keys[1].description() == "an RSA key of 2048 bits");
  CHECK(set->keys[2].description() == "an EC key on P-256");
  CHECK(set->keys[3].description() == "an EC key on P-384");
  CHECK(set->keys[4].description() == "an EC key on P-521");
  CHECK(set->keys[5].description() == "an Ed25519 key");
}

TEST_CASE("auth: a key that is not for signatures is skipped") {
  CHECK(why_skipped("{" + kSecret + R"(,"use":"enc"})") ==
        R"(keys[1]: is not for signatures: use "enc")");
  CHECK(why_skipped("{" + kSecret + R"(,"key_ops":["sign"],"kid":"a"})") ==
        R"(keys[1] "a": is not for signatures: key_ops without verify)");
  CHECK(why_skipped("{" + kSecret + R"(,"use":"sig","key_ops":["sign","verify"]})") == "taken");
}

TEST_CASE("auth: a key of an unknown kind is skipped") {
  CHECK(why_skipped(R"({"kty":"AKP"})") ==
        R"(keys[1]: kty "AKP" is not known: RSA, EC, OKP and oct are)");
  CHECK(why_skipped("{}") == R"(keys[1]: kty "" is not known: RSA, EC, OKP and oct are)");
  CHECK(why_skipped(R"({"kty":"EC","crv":"secp256k1"})") ==
        R"(keys[1]: crv "secp256k1" is not known: P-256, P-384 and P-521 are)");
  CHECK(why_skipped(R"({"kty":"OKP","crv":"X25519"})") ==
        R"(keys[1]: crv "X25519" is not known: Ed25519 is)");
}

TEST_CASE("auth: a key whose numbers are wrong is skipped") {
  CHECK(why_skipped(R"({"kty":"RSA","e":"AQAB"})") == "keys[1]: has no n");
  CHECK(why_skipped(R"({"kty":"RSA","n":"a+b","e":"AQAB"})") ==
        "keys[1]: n is not base64url without padding");
  CHECK(why_skipped(R"({"kty":"RSA","n":")" + JwtSigner::rsa(1024).number("n") +
                    R"(","e":"AQAB"})") ==
        "keys[1]: an RSA key of 1024 bits is too short: 2048 are the least (RFC 7518 3.3)");
  CHECK(why_skipped(R"({"kty":"RSA","n":")" + JwtSigner::rsa().number("n") + R"(","e":"AQ"})") ==
        "keys[1]: the numbers of this key do not make a key");
  CHECK(why_skipped(R"({"kty":"OKP","crv":"Ed25519","x":"AAAA"})") ==
        "keys[1]: x must have 32 bytes");
  CHECK(why_skipped(R"({"kty":"oct","k":"AAAA"})")
            .starts_with("keys[1]: a secret of 3 bytes is too short"));
}

TEST_CASE("auth: an EC key must be a point on its curve, in full length") {
  const JwtSigner signer = JwtSigner::ec("P-256");
  CHECK(why_skipped(ec_jwk(signer, "P-256", 32)) == "taken");
  CHECK(why_skipped(ec_jwk(signer, "P-256", 33)) == "keys[1]: x must have 32 bytes");
  CHECK(why_skipped(ec_jwk(signer, "P-384", 48)) ==
        "keys[1]: the numbers of this key do not make a key");
  CHECK(why_skipped(R"({"kty":"EC","crv":"P-256","x":")" + signer.number("qx", 32) + R"(","y":")" +
                    signer.number("qx", 32) + R"("})") ==
        "keys[1]: the numbers of this key do not make a key");
}

TEST_CASE("auth: alg binds a key to one algorithm") {
  const auto set = parse_jwk_set(R"({"keys":[{)" + kSecret + R"(,"alg":"HS384"}]})");
  REQUIRE(set);
  CHECK(set->keys[0].serves(Algorithm::kHs384));
  CHECK_FALSE(set->keys[0].serves(Algorithm::kHs256));
  CHECK_FALSE(set->keys[0].serves(Algorithm::kHs512));
}

TEST_CASE("auth: a key that cannot do what its alg says is skipped") {
  CHECK(why_skipped("{" + kSecret + R"(,"alg":"RS256"})") ==
        "keys[1]: a secret of 64 bytes cannot serve its alg RS256");
  CHECK(why_skipped("{" + kSecret + R"(,"alg":"none"})") ==
        R"(keys[1]: alg "none" is no algorithm that we know)");
  CHECK(why_skipped("{" + kSecret + R"(,"alg":"RSA-OAEP"})") ==
        R"(keys[1]: alg "RSA-OAEP" is no algorithm that we know)");
}

TEST_CASE("auth: kid names a key of a set, and a key without one has no name") {
  const auto set = parse_jwk_set(R"({"keys":[{)" + kSecret + R"(,"kid":"a"},)" + kGood + "]}");
  REQUIRE(set);
  CHECK(set->keys[0].is_meant_by("a"));
  CHECK_FALSE(set->keys[0].is_meant_by("b"));
  CHECK_FALSE(set->keys[1].is_meant_by(""));
}

TEST_CASE("auth: a name that is there twice makes no JWKS") {
  CHECK(error_of(R"({"keys":[],"keys":[)" + kGood + "]}") ==
        R"(not a JWKS: the name "keys" is there twice)");
  CHECK(error_of(R"({"keys":[{)" + kSecret + R"(,"kid":"a","kid":"b"}]})") ==
        R"(not a JWKS: keys[0]: the name "kid" is there twice)");
}

TEST_CASE("auth: what is no JWKS is refused") {
  CHECK(error_of("").starts_with("not a JWKS: not JSON: "));
  CHECK(error_of("<html>").starts_with("not a JWKS: not JSON: "));
  CHECK(error_of("[]") == "not a JWKS: expected an object, found an array");
  CHECK(error_of(kGood) == R"(not a JWKS: it has no "keys")");
  CHECK(error_of(R"({"keys":{}})") == "not a JWKS: expected an array, found an object");
  CHECK(error_of(R"({"keys":["a"]})") == "not a JWKS: keys[0]: expected an object, found a string");
  CHECK(error_of(R"({"keys":[{"kty":1}]})") ==
        "not a JWKS: keys[0]: kty: expected a string, found a number");
}

TEST_CASE("auth: a JWKS without a key that can be used is one, too") {
  for (const char* text : {R"({"keys":[]})", R"({"keys":[{"kty":"x","kid":"k"}]})"}) {
    const auto set = parse_jwk_set(text);
    REQUIRE(set);
    CHECK(set->keys.empty());
  }
}

TEST_CASE("auth: a JWKS has at most 100 keys") {
  const auto many = [](int count) {
    std::string keys = kGood;
    for (int i = 1; i < count; ++i) {
      keys += "," + kGood;
    }
    return R"({"keys":[)" + keys + "]}";
  };
  CHECK(error_of(many(99)) == "no error");
  CHECK(error_of(many(100)) == "no error");
  CHECK(error_of(many(101)) == "not a JWKS: more than 100 keys");
}

TEST_CASE("auth: sets are the same when their keys are, in any order") {
  const auto keys = [](const std::string& text) {
    return JwtKeys{.keys = parse_jwk_set(R"({"keys":[)" + text + "]}")->keys, .missing = {}};
  };
  const std::string named = "{" + kSecret + R"(,"kid":"a"})";
  CHECK(keys(kGood + "," + named).same_as(keys(named + "," + kGood)));
  CHECK_FALSE(keys(kGood).same_as(keys(named)));
  CHECK_FALSE(keys(kGood).same_as(keys("{" + kSecret + R"(,"alg":"HS256"})")));
  CHECK_FALSE(keys(kGood).same_as(keys(kGood + "," + kGood)));
}

}  // namespace
}  // namespace ringcast::auth::auth_jwk_set_test
