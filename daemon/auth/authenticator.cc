#include "auth/authenticator.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "auth/claims.h"
#include "auth/digest.h"
#include "auth/jwt.h"
#include "auth/jwt_verifier.h"
#include "auth/source.h"

namespace ringcast::auth {

namespace {

// Below this a token could be guessed, however it is compared.
constexpr size_t kMinTokenBytes = 16;

std::string text_of(const Grants& grants) {
  return joined({joined(grants.publish), joined(grants.subscribe), joined(grants.admin)});
}

struct KnownToken {
  Sha256 digest;
  IdentityRef identity;
};

// What a key vouches for is what these let through.
std::vector<std::string> rules_of(const JwtOptions& options) {
  return {options.issuer, joined(options.audience), options.claim,
          std::to_string(options.leeway_ms)};
}

IdentityRef anonymous_of(const Options& options, bool is_local) {
  const Grants grants = options.anonymous_on(is_local);
  return std::make_shared<const Identity>(
      Identity{.name = {},
               .grants = grants,
               .expires_unix_ms = 0,
               .source = source_of({"anonymous", is_local ? "local" : "open", text_of(grants)})});
}

KnownToken known(const StaticToken& token) {
  const std::string digest = token.sha256;
  return {.digest = parse_sha256(digest).value_or(Sha256{}),
          .identity = std::make_shared<const Identity>(
              Identity{.name = token.name,
                       .grants = token.grants,
                       .expires_unix_ms = 0,
                       .source = source_of({"token", token.name, digest, text_of(token.grants)})})};
}

}  // namespace

struct Authenticator::State {
  IdentityRef local;
  IdentityRef open;
  std::vector<KnownToken> tokens;
  JwtOptions jwt;
  JwtVerifier verifier;
  std::set<uint64_t> sources;

  // Looks at all of them whatever it finds, so that the time does not tell which one it was.
  [[nodiscard]] IdentityRef find_token(std::string_view token) const {
    const Sha256 digest = sha256(token);
    IdentityRef found;
    for (const KnownToken& each : tokens) {
      if (CRYPTO_memcmp(digest.data(), each.digest.data(), digest.size()) == 0) {
        found = each.identity;
      }
    }
    return found;
  }

  Result<IdentityRef> authenticate_jwt(std::string_view token, int64_t now_unix_ms) const {
    const auto verified = verifier.verify(token);
    if (!verified) {
      return Failure{verified.error()};
    }
    auto claims = read_claims(verified->payload, jwt.claim);
    if (!claims) {
      return std::move(claims).failure();
    }
    if (auto status = check_claims(*claims, jwt, now_unix_ms); !status) {
      return std::move(status).failure();
    }
    const bool is_named = claims->subject && !claims->subject->empty();
    return IdentityRef(std::make_shared<const Identity>(Identity{
        .name = is_named ? *claims->subject : "jwt",
        .grants = std::move(claims->grants),
        .expires_unix_ms = claims->expires_unix_ms ? *claims->expires_unix_ms + jwt.leeway_ms : 0,
        .source = verified->source}));
  }
};

Authenticator::Authenticator(std::unique_ptr<const State> state) : state_(std::move(state)) {}
Authenticator::~Authenticator() = default;

Result<std::shared_ptr<const Authenticator>> Authenticator::make(const Options& options,
                                                                 const JwtKeys& keys) {
  if (auto status = check_options(options); !status) {
    return std::move(status).failure();
  }
  JwtVerifier verifier("auth.jwt", options.jwt.algorithms, keys, rules_of(options.jwt));
  if (auto status = verifier.check_keys(); options.jwt.is_on() && !status) {
    return std::move(status).failure();
  }
  auto state = std::make_unique<State>();
  state->local = anonymous_of(options, true);
  state->open = anonymous_of(options, false);
  state->sources = {state->local->source, state->open->source};
  for (const StaticToken& token : options.tokens) {
    state->tokens.push_back(known(token));
    state->sources.insert(state->tokens.back().identity->source);
  }
  state->jwt = options.jwt;
  state->verifier = std::move(verifier);
  return std::shared_ptr<const Authenticator>(new Authenticator(std::move(state)));
}

IdentityRef Authenticator::anonymous(bool is_local) const {
  return is_local ? state_->local : state_->open;
}

Result<IdentityRef> Authenticator::authenticate(std::string_view token, int64_t now_unix_ms) const {
  if (token.size() > kMaxJwtBytes) {
    return fail(Errc::kUnauthorized,
                "the token is longer than " + std::to_string(kMaxJwtBytes) + " bytes");
  }
  if (!state_->tokens.empty() && token.size() >= kMinTokenBytes) {
    if (IdentityRef found = state_->find_token(token)) {
      return found;
    }
  }
  if (state_->jwt.is_on() && token.find('.') != std::string_view::npos) {
    return state_->authenticate_jwt(token, now_unix_ms);
  }
  if (state_->tokens.empty() && !state_->jwt.is_on()) {
    return fail(Errc::kUnauthorized,
                "no tokens are known here: neither auth.tokens nor auth.jwt is set");
  }
  return fail(Errc::kUnauthorized,
              token.size() < kMinTokenBytes
                  ? "the token is too short: at least " + std::to_string(kMinTokenBytes) + " bytes"
              : state_->tokens.empty() ? "the token is no JWT"
                                       : "unknown token");
}

bool Authenticator::vouches_for(uint64_t source) const {
  return state_->sources.count(source) > 0 || state_->verifier.vouches_for(source);
}

}  // namespace ringcast::auth
