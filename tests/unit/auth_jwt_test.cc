#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "auth/authenticator.h"
#include "auth/base64url.h"
#include "auth/jwk_set.h"
#include "auth/jwt.h"
#include "unit/auth_jwt_signer.h"

namespace ringcast::auth::auth_jwt_test {
namespace {

using enum Algorithm;

// RFC 7515 appendix A: what A.1, A.2 and A.3 sign, and RFC 7519 section 3.1.
const std::string kRfcPayload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
    "fQ";
constexpr int64_t kRfcExpiry = 1'300'819'380'000;

JwtKeys keys_of(const std::string& jwk_set) {
  auto set = parse_jwk_set(jwk_set);
  REQUIRE_MESSAGE(set, set.error().detail);
  return {.keys = set->keys, .missing = {}};
}

std::shared_ptr<const Authenticator> with(const JwtKeys& keys, std::vector<Algorithm> algorithms) {
  Options options;
  options.jwt.algorithms = std::move(algorithms);
  options.jwt.jwks = "keys.json";
  auto made = Authenticator::make(options, keys);
  REQUIRE_MESSAGE(made, made.error().detail);
  return *made;
}

std::string error_of(const Authenticator& authenticator, const std::string& token,
                     int64_t now_unix_ms = 0) {
  const auto who = authenticator.authenticate(token, now_unix_ms);
  if (who) {
    return "accepted";
  }
  CHECK(who.error().code == Errc::kUnauthorized);
  return who.error().detail;
}

const std::string kA1Token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + kRfcPayload +
                             ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const std::string kA1Keys =
    R"({"keys":[{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0i)"
    R"(PS4hcgUuTwjAzZr1Z9CAow"}]})";

const std::string kA2Token =
    "eyJhbGciOiJSUzI1NiJ9." + kRfcPayload +
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5"
    "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L"
    "07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUi"
    "pUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const std::string kA2Keys =
    R"({"keys":[{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26)"
    R"(mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47s)"
    R"(oMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTB)"
    R"(QY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW)"
    R"(9gb54h4FRWyuXpoQ"}]})";

const std::string kA3Token =
    "eyJhbGciOiJFUzI1NiJ9." + kRfcPayload +
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
const std::string kA3Keys =
    R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})";

void check_rfc_example(const std::string& token, const std::string& jwk_set, Algorithm algorithm) {
  const auto authenticator = with(keys_of(jwk_set), {algorithm});
  const auto who = authenticator->authenticate(token, kRfcExpiry - 1);
  REQUIRE_MESSAGE(who, who.error().detail);
  CHECK((*who)->name == "jwt");
  CHECK((*who)->grants == Grants{});
  CHECK((*who)->expires_unix_ms == kRfcExpiry);
  CHECK(error_of(*authenticator, token, kRfcExpiry) == "the token expired at 2011-03-22T18:43:00Z");
  // Each bit of the signature counts.
  const size_t begin = token.rfind('.') + 1;
  const std::string signature = *decode_base64url(token.substr(begin));
  for (size_t i = 0; i < signature.size(); ++i) {
    std::string changed = signature;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK(error_of(*authenticator, token.substr(0, begin) + encode_base64url(changed)) ==
          "the signature does not match");
  }
}

TEST_CASE("auth: RFC 7515 A.1 and RFC 7519 3.1, HS256") {
  check_rfc_example(kA1Token, kA1Keys, kHs256);
}
TEST_CASE("auth: RFC 7515 A.2, RS256") {
  check_rfc_example(kA2Token, kA2Keys, kRs256);
}
TEST_CASE("auth: RFC 7515 A.3, ES256") {
  check_rfc_example(kA3Token, kA3Keys, kEs256);
}

TEST_CASE("auth: RFC 8037 A.4, EdDSA") {
  const auto keys = keys_of(
      R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")"
      R"(}]})");
  const std::string text = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
  const auto signature = decode_base64url(
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
  REQUIRE(signature);
  CHECK(keys.keys[0].verify(kEdDsa, text, *signature));
  CHECK_FALSE(keys.keys[0].verify(kEdDsa, text + "x", *signature));
}

// One signer for each kind of key, made once: RSA takes its time.
struct Signers {
  JwtSigner secret = JwtSigner::secret(std::string(64, 's'));
  JwtSigner rsa = JwtSigner::rsa();
  JwtSigner p256 = JwtSigner::ec("P-256");
  JwtSigner p384 = JwtSigner::ec("P-384");
  JwtSigner p521 = JwtSigner::ec("P-521");
  JwtSigner ed25519 = JwtSigner::ed25519();

  [[nodiscard]] const JwtSigner& of(Algorithm algorithm) const {
    const std::string_view name = name_of(algorithm);
    return name.starts_with("HS")                             ? secret
           : name.starts_with("RS") || name.starts_with("PS") ? rsa
           : algorithm == kEs256                              ? p256
           : algorithm == kEs384                              ? p384
           : algorithm == kEs512                              ? p521
                                                              : ed25519;
  }
  [[nodiscard]] JwtKey key_for(Algorithm algorithm) const {
    return name_of(algorithm).starts_with("HS") ? *JwtKey::of_secret(std::string(64, 's'))
                                                : of(algorithm).public_key();
  }
  [[nodiscard]] JwtKeys all() const {
    return {.keys = {*JwtKey::of_secret(std::string(64, 's')), rsa.public_key(), p256.public_key(),
                     p384.public_key(), p521.public_key(), ed25519.public_key()},
            .missing = {}};
  }
};

const Signers& signers() {
  static const Signers made;
  return made;
}

std::vector<Algorithm> all_algorithms() {
  std::vector<Algorithm> all;
  for (const std::string_view name : kAlgorithmNames) {
    all.push_back(*algorithm_named(name));
  }
  return all;
}

TEST_CASE("auth: each algorithm is checked, and takes no signature by another one") {
  const auto authenticator = with(signers().all(), all_algorithms());
  for (const Algorithm algorithm : all_algorithms()) {
    const JwtSigner& signer = signers().of(algorithm);
    CAPTURE(name_of(algorithm));
    CHECK(error_of(*authenticator, signer.token(algorithm, "{}")) == "accepted");
    for (const Algorithm other : all_algorithms()) {
      if (other == algorithm) {
        continue;
      }
      CAPTURE(name_of(other));
      const std::string header = R"({"alg":")" + std::string(name_of(algorithm)) + R"("})";
      CHECK(error_of(*authenticator, signers().of(other).token(other, header, "{}")) ==
            "the signature does not match");
    }
  }
}

TEST_CASE("auth: only the algorithms that are configured count") {
  for (const Algorithm algorithm : all_algorithms()) {
    for (const Algorithm allowed : all_algorithms()) {
      const auto authenticator = with(signers().all(), {allowed});
      CAPTURE(name_of(algorithm));
      CAPTURE(name_of(allowed));
      CHECK(error_of(*authenticator, signers().of(algorithm).token(algorithm, "{}")) ==
            (algorithm == allowed ? "accepted"
                                  : "the algorithm " + std::string(name_of(algorithm)) +
                                        " is not in auth.jwt.algorithms"));
    }
  }
}

TEST_CASE("auth: a key serves only the algorithms of its kind") {
  for (const Algorithm algorithm : all_algorithms()) {
    const JwtKey key = signers().key_for(algorithm);
    for (const Algorithm other : all_algorithms()) {
      CAPTURE(key.description());
      CAPTURE(name_of(other));
      CHECK(key.serves(other) == (&signers().of(other) == &signers().of(algorithm)));
    }
  }
}

// An attack, and what is said of it. The broker allows RS256 and ES256, with one key for each.
struct Attack {
  const char* name;
  std::string token;
  std::string error;
};

std::string encoded(std::string_view header, std::string_view payload, std::string_view signature) {
  return encode_base64url(header) + "." + encode_base64url(payload) + "." +
         encode_base64url(signature);
}

std::vector<Attack> attacks_on_the_algorithm() {
  const JwtSigner& rsa = signers().rsa;
  const std::string claims = R"({"sub":"eve","ringcast":{"publish":["**"]}})";
  const auto unsigned_with = [&](const std::string& name) {
    return encoded(R"({"alg":")" + name + R"("})", claims, "");
  };
  const auto refused = [](const std::string& name) {
    return "the algorithm \"" + name + "\" is not in auth.jwt.algorithms";
  };
  const std::string confused =
      JwtSigner::secret(rsa.public_pem()).token(kHs256, R"({"alg":"HS256","typ":"JWT"})", claims);
  const std::string stripped =
      JwtSigner::secret(rsa.public_der()).token(kHs256, R"({"alg":"HS256"})", claims);
  return {
      {"no signature, alg none", unsigned_with("none"), refused("none")},
      {"no signature, alg None", unsigned_with("None"), refused("None")},
      {"no signature, alg nOnE", unsigned_with("nOnE"), refused("nOnE")},
      {"no signature, alg empty", unsigned_with(""), refused("")},
      {"no signature, alg RS256", unsigned_with("RS256"), "the signature does not match"},
      {"alg with a blank", unsigned_with("RS256 "), refused("RS256 ")},
      {"alg in lower case", unsigned_with("rs256"), refused("rs256")},
      {"alg is a list", encoded(R"({"alg":["RS256"]})", claims, ""),
       "the token's header: alg: expected a string, found an array"},
      {"no alg", encoded("{}", claims, ""), "the token's header has no alg"},
      {"HS256 with the RSA public key's PEM as the secret", confused,
       "the algorithm HS256 is not in auth.jwt.algorithms"},
      {"HS256 with the RSA public key's DER as the secret", stripped,
       "the algorithm HS256 is not in auth.jwt.algorithms"},
  };
}

std::vector<Attack> attacks_on_the_key() {
  const JwtSigner eve = JwtSigner::ec("P-256");
  const auto by_eve = [&](const std::string& more) {
    return eve.token(kEs256, R"({"alg":"ES256")" + more + "}", "{}");
  };
  const std::string jwk = R"({"kty":"EC","crv":"P-256","x":")" + eve.number("qx", 32) +
                          R"(","y":")" + eve.number("qy", 32) + R"("})";
  const std::string no_match = "the signature does not match";
  const auto with_kid = [&](const std::string& kid) { return by_eve(R"(,"kid":")" + kid + "\""); };
  return {
      {"a key of one's own", by_eve(""), no_match},
      {"a key of one's own, in jwk", by_eve(R"(,"jwk":)" + jwk), no_match},
      {"a key of one's own, at jku", by_eve(R"(,"jku":"https://eve.example/jwks")"), no_match},
      {"a key of one's own, at x5u", by_eve(R"(,"x5u":"https://eve.example/cert")"), no_match},
      {"a key of one's own, in x5c", by_eve(R"(,"x5c":["MIIB"])"), no_match},
      {"an unknown kid", with_kid("k7"), R"(unknown key id "k7")"},
      {"an empty kid", with_kid(""), R"(unknown key id "")"},
      {"a kid that is a path", with_kid("../../../../dev/null"),
       R"(unknown key id "../../../../dev/null")"},
      {"a kid that is SQL", with_kid("x' UNION SELECT 'secret"),
       R"(unknown key id "x' UNION SELECT 'secret")"},
      {"a kid with a zero byte", with_kid("es\\u0000"), R"(unknown key id "es\u0000")"},
      {"a kid without end", with_kid(std::string(1000, 'k')), "unknown key id (1000 bytes)"},
      {"a kid that is a number", by_eve(R"(,"kid":7)"),
       "the token's header: kid: expected a string, found a number"},
      {"the kid of a key of another kind", with_kid("rs"), "no key that fits the algorithm ES256"},
      {"another curve", signers().p384.token(kEs384, R"({"alg":"ES256"})", "{}"), no_match},
      {"another digest", signers().rsa.token(kRs512, R"({"alg":"RS256"})", "{}"), no_match},
      {"another padding", signers().rsa.token(kPs256, R"({"alg":"RS256"})", "{}"), no_match},
  };
}

std::vector<Attack> attacks_on_the_signature() {
  const std::string good = signers().p256.token(kEs256, "{}");
  const std::string text = good.substr(0, good.rfind('.'));
  const std::string signature = *decode_base64url(good.substr(good.rfind('.') + 1));
  const auto with_signature = [&](const std::string& bytes) {
    return text + "." + encode_base64url(bytes);
  };
  const std::string zeros(32, '\0');
  const std::string one = std::string(31, '\0') + '\1';
  const std::string order =  // Of P-256: zero, if nobody looks.
      *decode_base64url("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
  const std::string no_match = "the signature does not match";
  return {
      {"no signature", text + ".", no_match},
      {"a signature that is cut", with_signature(signature.substr(0, 63)), no_match},
      {"a signature with a byte more", with_signature(signature + '\0'), no_match},
      {"r only", with_signature(signature.substr(0, 32)), no_match},
      {"r and s zero (CVE-2022-21449)", with_signature(zeros + zeros), no_match},
      {"r zero", with_signature(zeros + signature.substr(32)), no_match},
      {"s zero", with_signature(signature.substr(0, 32) + zeros), no_match},
      {"r and s the order", with_signature(order + order), no_match},
      {"r the order, s one", with_signature(order + one), no_match},
      {"r and s as DER", with_signature("\x30\x06\x02\x01\x01\x02\x01\x01"), no_match},
  };
}

std::vector<Attack> attacks_on_the_form() {
  const JwtSigner& signer = signers().p256;
  const std::string good = signer.token(kEs256, "{}");
  const auto headed = [&](const std::string& header) { return signer.token(kEs256, header, "{}"); };
  const std::string parts = "the token is no JWT: that has three parts with dots between them";
  const std::string padded = encode_base64url(R"({"alg":"ES256" })");
  const auto spelled = [&](const std::string& header) {
    return header + good.substr(good.find('.'));
  };
  const std::string not_base64url = "the token's header is not base64url without padding";
  // The last character of a 64-byte signature carries two bits and four that must be zero.
  std::string loose = good;
  loose.back() = static_cast<char>(loose.back() + 1);
  return {
      {"two parts", good.substr(0, good.rfind('.')), parts},
      {"four parts", good + ".", parts},
      {"five parts, as in a JWE", good + ".e30.e30", parts},
      {"dots only", "..", "the token's header: not JSON: "},
      {"padding", spelled(padded + "="), not_base64url},
      {"a blank before", spelled(" " + padded), not_base64url},
      {"a line end within", spelled(padded.substr(0, 4) + "\n" + padded.substr(4)), not_base64url},
      {"the other alphabet", spelled("+/+/"), not_base64url},
      {"bits left over", loose, "the token's signature is not base64url without padding"},
      {"a header that is no JSON", headed("alg=ES256"), "the token's header: not JSON: "},
      {"a header that is a list", headed(R"(["ES256"])"),
       "the token's header: expected an object, found an array"},
      {"a header of two documents", headed(R"({"alg":"ES256"}{})"),
       "the token's header: not JSON: "},
      {"alg twice", headed(R"({"alg":"none","alg":"ES256"})"),
       R"(the token's header: the name "alg" is there twice)"},
      {"alg twice, once in disguise", headed(R"({"alg":"ES256","\u0061lg":"none"})"),
       R"(the token's header: the name "alg" is there twice)"},
      {"crit", headed(R"({"alg":"ES256","crit":["exp"],"exp":1})"),
       "the token's header: crit asks for extensions, and none is known here"},
      {"crit, empty", headed(R"({"alg":"ES256","crit":[]})"),
       "the token's header: crit asks for extensions, and none is known here"},
      {"b64, which wants crit (RFC 7797)", headed(R"({"alg":"ES256","crit":["b64"],"b64":false})"),
       "the token's header: crit asks for extensions, and none is known here"},
      {"8193 bytes", std::string(8193, '.'), "the token is longer than 8192 bytes"},
  };
}

void check_attacks(const std::vector<Attack>& attacks) {
  const std::string set =
      R"({"keys":[{"kty":"RSA","kid":"rs","n":")" + signers().rsa.number("n") + R"(","e":")" +
      signers().rsa.number("e") + R"("},{"kty":"EC","kid":"es","crv":"P-256","x":")" +
      signers().p256.number("qx", 32) + R"(","y":")" + signers().p256.number("qy", 32) + R"("}]})";
  const auto authenticator = with(keys_of(set), {kRs256, kEs256});
  CHECK(error_of(*authenticator, signers().p256.token(kEs256, "{}")) == "accepted");
  CHECK(error_of(*authenticator, signers().rsa.token(kRs256, "{}")) == "accepted");
  for (const Attack& attack : attacks) {
    CAPTURE(attack.name);
    const std::string error = error_of(*authenticator, attack.token);
    if (attack.error.ends_with(": ")) {
      CHECK(error.substr(0, attack.error.size()) == attack.error);
    } else {
      CHECK(error == attack.error);
    }
  }
}

TEST_CASE("auth: attacks on a JWT's algorithm") {
  check_attacks(attacks_on_the_algorithm());
}
TEST_CASE("auth: attacks on the choice of the key") {
  check_attacks(attacks_on_the_key());
}
TEST_CASE("auth: attacks on a JWT's signature") {
  check_attacks(attacks_on_the_signature());
}
TEST_CASE("auth: attacks on a JWT's form") {
  check_attacks(attacks_on_the_form());
}

TEST_CASE("auth: a JWT may have 8192 bytes") {
  const JwtSigner& signer = signers().ed25519;
  const auto authenticator = with({.keys = {signer.public_key()}, .missing = {}}, {kEdDsa});
  const auto sized = [&](size_t blanks) {
    return signer.token(kEdDsa, "{" + std::string(blanks, ' ') + "}");
  };
  size_t blanks = 0;
  while (sized(blanks + 1).size() <= kMaxJwtBytes) {
    ++blanks;
  }
  CHECK(sized(blanks).size() == kMaxJwtBytes);
  CHECK(error_of(*authenticator, sized(blanks)) == "accepted");
  CHECK(error_of(*authenticator, sized(blanks + 1)) == "the token is longer than 8192 bytes");
}

TEST_CASE("auth: a kid picks the key, and without one all that fit are tried") {
  const JwtSigner first = JwtSigner::ec("P-256");
  const JwtSigner second = JwtSigner::ec("P-256");
  const auto jwk = [](const std::string& id, const JwtSigner& signer) {
    return R"({"kty":"EC","crv":"P-256","kid":")" + id + R"(","x":")" + signer.number("qx", 32) +
           R"(","y":")" + signer.number("qy", 32) + R"("})";
  };
  const auto authenticator =
      with(keys_of(R"({"keys":[)" + jwk("1", first) + "," + jwk("2", second) + "]}"), {kEs256});
  const auto signed_by = [](const JwtSigner& signer, const std::string& kid) {
    return signer.token(kEs256, R"({"alg":"ES256")" + kid + "}", "{}");
  };
  CHECK(error_of(*authenticator, signed_by(first, "")) == "accepted");
  CHECK(error_of(*authenticator, signed_by(second, "")) == "accepted");
  CHECK(error_of(*authenticator, signed_by(first, R"(,"kid":"1")")) == "accepted");
  CHECK(error_of(*authenticator, signed_by(first, R"(,"kid":"2")")) ==
        "the signature does not match");
}

TEST_CASE("auth: a key that came alone does not ask for the kid") {
  const JwtSigner signer = JwtSigner::ec("P-256");
  const auto authenticator = with({.keys = {signer.public_key()}, .missing = {}}, {kEs256});
  CHECK(error_of(*authenticator, signer.token(kEs256, R"({"alg":"ES256","kid":"x"})", "{}")) ==
        "accepted");
}

TEST_CASE("auth: a JWKS that is not there yet is named in each refusal") {
  const auto authenticator =
      with({.keys = {}, .missing = "the JWKS could not be read yet"}, {kEs256});
  CHECK(error_of(*authenticator, kA3Token) ==
        "no key that fits the algorithm ES256: the JWKS could not be read yet");
  const JwtSigner signer = JwtSigner::ec("P-256");
  CHECK(error_of(*authenticator, signer.token(kEs256, R"({"alg":"ES256","kid":"x"})", "{}")) ==
        R"(unknown key id "x": the JWKS could not be read yet)");
}

}  // namespace
}  // namespace ringcast::auth::auth_jwt_test
