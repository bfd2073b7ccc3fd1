#include <doctest/doctest.h>

#include <functional>
#include <set>
#include <string>

#include "auth/authenticator.h"
#include "auth/base64url.h"
#include "auth/digest.h"
#include "auth/key_text.h"
#include "unit/auth_jwt_signer.h"

namespace ringcast::auth::auth_authenticator_test {
namespace {

constexpr int64_t kNow = 1'795'255'200'000;  // 2026-11-21T10:00:00Z
const std::string kToken = "rc_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const std::string kSecret(32, 's');

StaticToken known_as(const std::string& name, const std::string& token, Grants grants = {}) {
  return {.name = name, .sha256 = hex(sha256(token)), .grants = std::move(grants)};
}

Options with_tokens(std::vector<StaticToken> tokens) {
  Options options;
  options.tokens = std::move(tokens);
  return options;
}

Options with_jwt() {
  Options options;
  options.jwt.algorithms = {Algorithm::kHs256};
  options.jwt.key = kSecret;
  return options;
}

std::shared_ptr<const Authenticator> made(const Options& options,
                                          const std::string& secret = kSecret) {
  JwtKeys keys;
  if (options.jwt.is_on()) {
    keys.keys.push_back(*parse_key_text(secret));
  }
  auto result = Authenticator::make(options, keys);
  REQUIRE_MESSAGE(result, result.error().detail);
  return *result;
}

std::string jwt(const std::string& payload) {
  return JwtSigner::secret(kSecret).token(Algorithm::kHs256, payload);
}

std::string error_of(const Authenticator& authenticator, const std::string& token) {
  const auto who = authenticator.authenticate(token, kNow);
  return who ? "accepted as " + (*who)->name : who.error().detail;
}

TEST_CASE("auth: a token that is listed has its name and its grants, and never ends") {
  const Grants grants{.publish = {"ci/**"}, .subscribe = {}, .admin = {"metrics"}};
  const auto authenticator = made(with_tokens({known_as("ci", kToken, grants)}));
  const auto who = authenticator->authenticate(kToken, kNow);
  REQUIRE(who);
  CHECK((*who)->name == "ci");
  CHECK((*who)->grants == grants);
  CHECK((*who)->expires_unix_ms == 0);
  CHECK_FALSE((*who)->is_anonymous());
  CHECK(authenticator->vouches_for((*who)->source));
}

TEST_CASE("auth: each listed token is found, wherever it stands") {
  const auto authenticator =
      made(with_tokens({known_as("first", kToken + "1"), known_as("second", kToken + "2"),
                        known_as("third", kToken + "3")}));
  CHECK(error_of(*authenticator, kToken + "1") == "accepted as first");
  CHECK(error_of(*authenticator, kToken + "2") == "accepted as second");
  CHECK(error_of(*authenticator, kToken + "3") == "accepted as third");
}

TEST_CASE("auth: a token that is not listed is refused without being shown") {
  const auto authenticator = made(with_tokens({known_as("ci", kToken)}));
  CHECK(error_of(*authenticator, kToken + "x") == "unknown token");
  CHECK(error_of(*authenticator, kToken.substr(1)) == "unknown token");
  CHECK(error_of(*authenticator, hex(sha256(kToken))) == "unknown token");
  CHECK(error_of(*authenticator, kToken + ".a.b") == "unknown token");
}

TEST_CASE("auth: any token of 16 bytes and more can be listed") {
  const auto authenticator =
      made(with_tokens({known_as("a", "0123456789abcde"), known_as("b", "0123456789abcdef"),
                        known_as("c", "with.two.dots.and more")}));
  CHECK(error_of(*authenticator, "0123456789abcde") == "the token is too short: at least 16 bytes");
  CHECK(error_of(*authenticator, "0123456789abcdef") == "accepted as b");
  CHECK(error_of(*authenticator, "with.two.dots.and more") == "accepted as c");
  CHECK(error_of(*authenticator, "") == "the token is too short: at least 16 bytes");
}

TEST_CASE("auth: a token without limit is not even hashed") {
  const std::string long_token(8193, 'a');
  CHECK(error_of(*made(with_tokens({known_as("a", long_token)})), long_token) ==
        "the token is longer than 8192 bytes");
}

TEST_CASE("auth: a JWT is named after its sub") {
  const auto authenticator = made(with_jwt());
  CHECK(error_of(*authenticator, jwt(R"({"sub":"alice"})")) == "accepted as alice");
  CHECK(error_of(*authenticator, jwt("{}")) == "accepted as jwt");
  CHECK(error_of(*authenticator, jwt(R"({"sub":""})")) == "accepted as jwt");
}

TEST_CASE("auth: a JWT has the grants of its claim, and ends at exp and the leeway") {
  Options options = with_jwt();
  options.jwt.leeway_ms = 5'000;
  const auto authenticator = made(options);
  const auto who = authenticator->authenticate(
      jwt(R"({"exp":1795255201,"ringcast":{"subscribe":["a/**"]}})"), kNow);
  REQUIRE(who);
  CHECK((*who)->grants == Grants{.publish = {}, .subscribe = {"a/**"}, .admin = {}});
  CHECK((*who)->expires_unix_ms == kNow + 6'000);
  CHECK(authenticator->vouches_for((*who)->source));
}

TEST_CASE("auth: the claims of a JWT are enforced") {
  Options options = with_jwt();
  options.jwt.issuer = "us";
  const auto authenticator = made(options);
  CHECK(error_of(*authenticator, jwt(R"({"iss":"us"})")) == "accepted as jwt");
  CHECK(error_of(*authenticator, jwt(R"({"iss":"them"})")) == R"(wrong issuer: "them")");
  CHECK(error_of(*authenticator, jwt(R"({"iss":"us","exp":1})")) ==
        "the token expired at 1970-01-01T00:00:01Z");
  CHECK(error_of(*authenticator, jwt(R"({"iss":"us","ringcast":{"publish":["a**"]}})"))
            .starts_with(R"(the token's claims: ringcast: publish[0]: "a**": )"));
}

TEST_CASE("auth: claims are not read before the signature is good") {
  const auto authenticator = made(with_jwt());
  const std::string forged =
      JwtSigner::secret(std::string(32, 'x')).token(Algorithm::kHs256, "no JSON at all");
  CHECK(error_of(*authenticator, forged) == "the signature does not match");
}

TEST_CASE("auth: tokens and JWTs go side by side") {
  Options options = with_jwt();
  options.tokens = {known_as("ci", kToken)};
  const auto authenticator = made(options);
  CHECK(error_of(*authenticator, kToken) == "accepted as ci");
  CHECK(error_of(*authenticator, jwt(R"({"sub":"alice"})")) == "accepted as alice");
  CHECK(error_of(*authenticator, "neither of the two") == "unknown token");
}

TEST_CASE("auth: a token where none are known is refused, not ignored") {
  CHECK(error_of(*made({}), kToken) ==
        "no tokens are known here: neither auth.tokens nor auth.jwt is set");
  CHECK(error_of(*made(with_jwt()), kToken) == "the token is no JWT");
}

TEST_CASE("auth: anonymous requests lose their privilege as soon as there are credentials") {
  CHECK(made({})->anonymous(true)->grants == Grants::everything());
  CHECK(made({})->anonymous(false)->grants == Grants{});
  CHECK(made(with_tokens({known_as("a", kToken)}))->anonymous(true)->grants == Grants{});
  CHECK(made(with_jwt())->anonymous(true)->grants == Grants{});
  CHECK(made({})->anonymous(true)->is_anonymous());
}

TEST_CASE("auth: grants for anonymous requests stay beside credentials") {
  Options options = with_jwt();
  options.anonymous = Options::Anonymous::kGrants;
  options.grants.subscribe = {"public/**"};
  CHECK(made(options)->anonymous(true)->grants == options.grants);
  CHECK(made(options)->anonymous(false)->grants == options.grants);
}

uint64_t source_of_token(const Options& options) {
  return (*made(options)->authenticate(kToken, kNow))->source;
}

TEST_CASE("auth: the source of a token changes with whatever it vouches for") {
  const Options before = with_tokens({known_as("ci", kToken, {.publish = {"a", "b"}})});
  const uint64_t source = source_of_token(before);
  CHECK(source != 0);
  CHECK(source_of_token(before) == source);
  Options more = before;
  more.tokens.push_back(known_as("other", kToken + "x"));
  CHECK(source_of_token(more) == source);
  for (const Grants& grants : {Grants{.publish = {"a"}}, Grants{.publish = {"ab"}},
                               Grants{.subscribe = {"a", "b"}}, Grants{.publish = {"b", "a"}}}) {
    CHECK_FALSE(made(with_tokens({known_as("ci", kToken, grants)}))->vouches_for(source));
  }
  CHECK_FALSE(
      made(with_tokens({known_as("cj", kToken, {.publish = {"a", "b"}})}))->vouches_for(source));
  CHECK_FALSE(made(with_tokens({known_as("ci", kToken + "x", {.publish = {"a", "b"}})}))
                  ->vouches_for(source));
  CHECK_FALSE(made({})->vouches_for(source));
}

TEST_CASE("auth: the source of a JWT changes with the key and each rule, not with the token") {
  const Options before = with_jwt();
  const auto first = (*made(before)->authenticate(jwt(R"({"sub":"a"})"), kNow))->source;
  CHECK((*made(before)->authenticate(jwt(R"({"sub":"b"})"), kNow))->source == first);
  CHECK_FALSE(made(before, std::string(32, 'x'))->vouches_for(first));
  const std::vector<std::function<void(JwtOptions&)>> changes = {
      [](JwtOptions& jwt) { jwt.algorithms.push_back(Algorithm::kHs384); },
      [](JwtOptions& jwt) { jwt.issuer = "x"; },
      [](JwtOptions& jwt) { jwt.audience = {"x"}; },
      [](JwtOptions& jwt) { jwt.claim = "x"; },
      [](JwtOptions& jwt) { jwt.leeway_ms = 1; },
  };
  for (const auto& change : changes) {
    Options after = before;
    change(after.jwt);
    CHECK_FALSE(made(after)->vouches_for(first));
  }
  Options same = before;
  same.jwt.refresh_ms = 1;
  same.jwt.cookie = "x";
  CHECK(made(same)->vouches_for(first));
}

TEST_CASE("auth: the source of anonymous requests changes with what they may do") {
  const auto open = made({});
  const uint64_t local = open->anonymous(true)->source;
  const uint64_t other = open->anonymous(false)->source;
  CHECK(local != other);
  CHECK(open->vouches_for(local));
  CHECK(open->vouches_for(other));
  CHECK_FALSE(open->vouches_for(0));
  const auto closed = made(with_jwt());
  CHECK_FALSE(closed->vouches_for(local));
  CHECK(closed->vouches_for(other));
}

TEST_CASE("auth: a key that serves no algorithm that is allowed is an error") {
  Options options;
  options.jwt = {.algorithms = {Algorithm::kHs256, Algorithm::kHs384}, .key_file = "rsa.pem"};
  const auto result =
      Authenticator::make(options, {.keys = {JwtSigner::rsa().public_key()}, .missing = {}});
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::kInvalid);
  CHECK(result.error().detail == "no key serves HS256, HS384: there is an RSA key of 2048 bits");
  CHECK(result.error().field == "auth.jwt.algorithms");
}

TEST_CASE("auth: options that make no sense make no authenticator") {
  CHECK_FALSE(Authenticator::make(with_tokens({{.name = "a", .sha256 = "abc", .grants = {}}}), {}));
}

TEST_CASE("auth: base64url is read as it is written, and in no other spelling") {
  CHECK(encode_base64url("") == "");
  CHECK(encode_base64url("f") == "Zg");
  CHECK(encode_base64url("fo") == "Zm8");
  CHECK(encode_base64url("foo") == "Zm9v");
  CHECK(encode_base64url("foob") == "Zm9vYg");
  CHECK(encode_base64url("\xFB\xFF\xBF") == "-_-_");
  for (const char* text : {"", "Zg", "Zm8", "Zm9v", "Zm9vYg", "-_-_"}) {
    CAPTURE(text);
    REQUIRE(decode_base64url(text));
    CHECK(encode_base64url(*decode_base64url(text)) == text);
  }
  for (const char* text :
       {"Z", "Zh", "Zg==", "Zm9", "Zm9vY", "Zm 9v", "Zm9v\n", "+/+/", "Zm9v\xC3"}) {
    CAPTURE(text);
    CHECK_FALSE(decode_base64url(text));
  }
}

TEST_CASE("auth: digests are those of FIPS 180-4, in hex of either case") {
  const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  CHECK(hex(sha256("abc")) == abc);
  CHECK(parse_sha256(abc) == sha256("abc"));
  CHECK(parse_sha256("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD") ==
        sha256("abc"));
  CHECK_FALSE(parse_sha256(abc.substr(1)));
  CHECK_FALSE(parse_sha256(abc + "0"));
  CHECK_FALSE(parse_sha256("g" + abc.substr(1)));
  CHECK(short_form(sha256("abc")) == 0xba7816bf8f01cfeaULL);
  CHECK(short_form({}) == 1);
}

}  // namespace
}  // namespace ringcast::auth::auth_authenticator_test
