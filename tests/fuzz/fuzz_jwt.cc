#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "auth/authenticator.h"
#include "auth/base64url.h"
#include "auth/claims.h"
#include "auth/jwk_set.h"
#include "auth/jwt.h"
#include "auth/key_text.h"

namespace {

namespace auth = ringcast::auth;

// Two of them are of RFCs, whose signatures are in the corpus: the way beyond them is found, too.
constexpr std::string_view kKeys =
    R"({"keys":[{"kty":"oct","kid":"a","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"},)"
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},)"
    R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})";

std::shared_ptr<const auth::Authenticator> make_authenticator() {
  auth::Options options;
  options.jwt.algorithms = {auth::Algorithm::kHs256, auth::Algorithm::kEs256,
                            auth::Algorithm::kEdDsa};
  options.jwt.jwks = "keys.json";
  auto set = auth::parse_jwk_set(kKeys);
  if (!set || set->keys.size() != 3) {
    std::abort();
  }
  return *auth::Authenticator::make(options, {.keys = std::move(set->keys), .missing = {}});
}

// What is taken for a JWT has only one spelling.
void check_jwt(std::string_view text) {
  const auto jwt = auth::parse_jwt(text);
  if (!jwt) {
    return;
  }
  const std::string_view header = text.substr(0, text.find('.'));
  const auto decoded = auth::decode_base64url(header);
  if (!decoded || auth::encode_base64url(*decoded) != header ||
      auth::encode_base64url(*decoded) + "." + auth::encode_base64url(jwt->payload) + "." +
              auth::encode_base64url(jwt->signature) !=
          text) {
    std::abort();
  }
}

// Grants that come through are patterns and routes that there are.
void check_claims(std::string_view payload) {
  const auto claims = auth::read_claims(payload, "ringcast");
  if (!claims) {
    return;
  }
  for (const std::string& route : claims->grants.admin) {
    if (!auth::check_admin_route(route)) {
      std::abort();
    }
  }
  static_cast<void>(claims->grants.may_publish("a/b"));
  static_cast<void>(claims->grants.may_subscribe("a/*"));
  static_cast<void>(auth::check_claims(*claims, {.issuer = "a", .audience = {"b"}}, 0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto authenticator = make_authenticator();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_jwt(text);
  check_claims(text);
  static_cast<void>(auth::parse_jwk_set(text));
  static_cast<void>(auth::parse_key_text(text));
  // What these keys have signed has ended in 2011 (RFC 7515) or is no JSON (RFC 8037).
  if (authenticator->authenticate(text, 1'800'000'000'000)) {
    std::abort();
  }
  return 0;
}
