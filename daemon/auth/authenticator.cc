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
#include "base/json.h"

namespace ringcast::auth {

namespace {

// Below this a token could be guessed, however it is compared.
constexpr size_t kMinTokenBytes = 16;
constexpr size_t kShownBytes = 64;

Failure refuse(std::string why) {
  return fail(Errc::kUnauthorized, std::move(why));
}

// Joins texts so that other texts never give the same.
std::string joined(const std::vector<std::string>& texts) {
  std::string out = std::to_string(texts.size()) + ":";
  for (const std::string& text : texts) {
    out.append(std::to_string(text.size())).append(":").append(text);
  }
  return out;
}

std::string text_of(const Grants& grants) {
  return joined({joined(grants.publish), joined(grants.subscribe), joined(grants.admin)});
}

uint64_t source_of(const std::vector<std::string>& parts) {
  return short_form(sha256(joined(parts)));
}

struct KnownToken {
  Sha256 digest;
  IdentityRef identity;
};

struct KnownKey {
  JwtKey key;
  uint64_t source;
};

// What a key vouches for is what these let through.
std::string text_of(const JwtOptions& options) {
  std::vector<std::string> algorithms;
  for (const Algorithm algorithm : options.algorithms) {
    algorithms.emplace_back(name_of(algorithm));
  }
  std::sort(algorithms.begin(), algorithms.end());
  return joined({joined(algorithms), options.issuer, joined(options.audience), options.claim,
                 std::to_string(options.leeway_ms)});
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

// Says why no key is there for an algorithm, if that is so.
Status check_keys(const JwtOptions& options, const JwtKeys& keys) {
  if (!options.is_on() || !keys.missing.empty()) {
    return Ok{};
  }
  const auto is_served = [&](Algorithm algorithm) {
    return std::any_of(keys.keys.begin(), keys.keys.end(),
                       [&](const JwtKey& key) { return key.serves(algorithm); });
  };
  if (std::any_of(options.algorithms.begin(), options.algorithms.end(), is_served)) {
    return Ok{};
  }
  std::string names;
  for (const Algorithm algorithm : options.algorithms) {
    names.append(names.empty() ? "" : ", ").append(name_of(algorithm));
  }
  return fail(Errc::kInvalid,
              "no key serves " + names +
                  (keys.keys.empty() ? "" : ": there is " + keys.keys.front().description()),
              "auth.jwt.algorithms");
}

}  // namespace

struct Authenticator::State {
  IdentityRef local;
  IdentityRef open;
  std::vector<KnownToken> tokens;
  JwtOptions jwt;
  std::vector<KnownKey> keys;
  std::string missing;
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

  [[nodiscard]] Failure refuse_key(const std::string& why) const {
    return refuse(missing.empty() ? why : why + ": " + missing);
  }

  // The key that the signature is by.
  Result<const KnownKey*> find_key(const Jwt& jwt_text, Algorithm algorithm) const {
    const auto& id = jwt_text.key_id;
    const auto is_meant = [&](const KnownKey& each) { return !id || each.key.is_meant_by(*id); };
    if (id && std::none_of(keys.begin(), keys.end(), is_meant)) {
      const bool is_long = id->size() > kShownBytes;
      return refuse_key("unknown key id " + (is_long ? "(" + std::to_string(id->size()) + " bytes)"
                                                     : json::quoted(*id)));
    }
    bool is_tried = false;
    for (const KnownKey& each : keys) {
      if (is_meant(each) && each.key.serves(algorithm)) {
        is_tried = true;
        if (each.key.verify(algorithm, jwt_text.signed_text, jwt_text.signature)) {
          return &each;
        }
      }
    }
    return is_tried
               ? refuse("the signature does not match")
               : refuse_key("no key that fits the algorithm " + std::string(name_of(algorithm)));
  }

  Result<IdentityRef> authenticate_jwt(std::string_view token, int64_t now_unix_ms) const {
    const auto parsed = parse_jwt(token);
    if (!parsed) {
      return refuse(parsed.error().detail);
    }
    const auto algorithm = algorithm_named(parsed->algorithm);
    const auto& allowed = jwt.algorithms;
    if (!algorithm || std::find(allowed.begin(), allowed.end(), *algorithm) == allowed.end()) {
      const bool is_long = parsed->algorithm.size() > kShownBytes;
      return refuse("the algorithm " +
                    (algorithm ? parsed->algorithm
                     : is_long ? "of the token"
                               : json::quoted(parsed->algorithm)) +
                    " is not in auth.jwt.algorithms");
    }
    auto key = find_key(*parsed, *algorithm);
    if (!key) {
      return std::move(key).failure();
    }
    auto claims = read_claims(parsed->payload, jwt.claim);
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
        .source = (*key)->source}));
  }
};

Authenticator::Authenticator(std::unique_ptr<const State> state) : state_(std::move(state)) {}
Authenticator::~Authenticator() = default;

Result<std::shared_ptr<const Authenticator>> Authenticator::make(const Options& options,
                                                                 const JwtKeys& keys) {
  if (auto status = check_options(options); !status) {
    return std::move(status).failure();
  }
  if (auto status = check_keys(options.jwt, keys); !status) {
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
  state->missing = keys.missing;
  const std::string rules = text_of(options.jwt);
  for (const JwtKey& key : keys.keys) {
    state->keys.push_back({key, source_of({"jwt", key.fingerprint(), rules})});
    state->sources.insert(state->keys.back().source);
  }
  return std::shared_ptr<const Authenticator>(new Authenticator(std::move(state)));
}

IdentityRef Authenticator::anonymous(bool is_local) const {
  return is_local ? state_->local : state_->open;
}

Result<IdentityRef> Authenticator::authenticate(std::string_view token, int64_t now_unix_ms) const {
  if (token.size() > kMaxJwtBytes) {
    return refuse("the token is longer than " + std::to_string(kMaxJwtBytes) + " bytes");
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
    return refuse("no tokens are known here: neither auth.tokens nor auth.jwt is set");
  }
  return refuse(token.size() < kMinTokenBytes ? "the token is too short: at least " +
                                                    std::to_string(kMinTokenBytes) + " bytes"
                : state_->tokens.empty() ? "the token is no JWT"
                                         : "unknown token");
}

bool Authenticator::vouches_for(uint64_t source) const {
  return state_->sources.count(source) > 0;
}

}  // namespace ringcast::auth
