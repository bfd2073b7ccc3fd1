#include "mercure/authority.h"

#include <utility>

#include "auth/digest.h"
#include "auth/source.h"
#include "mercure/selector.h"
#include "mercure/token_claims.h"

namespace ringcast::mercure {

namespace {

// What logs call who shows a token, and what limits and idempotency keys go by. Tokens without
// `sub` have nothing in common but their key: those that say the same are one publisher.
std::string name_for(std::string_view subject, std::string_view payload) {
  constexpr size_t kShownDigits = 16;
  return subject.empty() ? "mercure#" + auth::hex(auth::sha256(payload)).substr(0, kShownDigits)
                         : "mercure:" + std::string(subject);
}

}  // namespace

Result<std::shared_ptr<const Authority>> Authority::make(const Options& options,
                                                         const auth::JwtKeys& keys,
                                                         const auth::JwtKeys& subscriber_keys) {
  // Both were checked with the options.
  std::shared_ptr<Authority> authority(new Authority(
      options.path,
      *topics::parse_url(options.resource.empty() ? "http://hub.invalid" + options.path
                                                  : options.resource)));
  // The role is one of the rules, so that a key of publishers never vouches for a stream.
  const auto verifier = [&options](std::string_view section, const auth::JwtOptions& jwt,
                                   const auth::JwtKeys& of, const std::string& role) {
    return auth::JwtVerifier(section, jwt.algorithms, of, {role, options.resource, options.issuer});
  };
  authority->publishers_ = verifier("mercure.jwt", options.jwt, keys, "publisher");
  authority->subscribers_ = options.subscriber_jwt.is_on()
                                ? verifier("mercure.subscriber_jwt", options.subscriber_jwt,
                                           subscriber_keys, "subscriber")
                                : verifier("mercure.jwt", options.jwt, keys, "subscriber");
  if (auto status = authority->publishers_.check_keys(); options.jwt.is_on() && !status) {
    return std::move(status).failure();
  }
  if (auto status = authority->subscribers_.check_keys();
      options.subscriber_jwt.is_on() && !status) {
    return std::move(status).failure();
  }
  if (!options.resource.empty()) {
    authority->access_.audience = {options.resource};
    authority->access_.issuer = options.issuer;
  }
  const std::string anonymous = options.anonymous ? "open" : "closed";
  // With another resource, what is relative means something else.
  authority->nobody_ = std::make_shared<const Holder>(
      Holder{.identity = std::make_shared<const auth::Identity>(auth::Identity{
                 .source = auth::source_of({"mercure", anonymous, options.resource})})});
  return std::shared_ptr<const Authority>(std::move(authority));
}

Result<HolderRef> Authority::authenticate(Role role, std::string_view token,
                                          int64_t now_unix_ms) const {
  auto verified = (role == Role::kPublisher ? publishers_ : subscribers_).verify(token);
  if (!verified) {
    return std::move(verified).failure();
  }
  if (is_access_token_type(verified->type)) {
    return hold_access_token(*verified, now_unix_ms);
  }
  auto claims = read_token_claims(verified->payload, now_unix_ms);
  if (!claims) {
    return std::move(claims).failure();
  }
  return HolderRef(std::make_shared<const Holder>(
      Holder{.identity = std::make_shared<const auth::Identity>(
                 auth::Identity{.name = name_for(claims->subject, verified->payload),
                                .expires_unix_ms = claims->expires_unix_ms,
                                .source = verified->source}),
             .publish = select(claims->publish),
             .subscribe = select(claims->subscribe),
             .payload = claims->payload.empty()
                            ? nullptr
                            : std::make_shared<const std::string>(std::move(claims->payload))}));
}

Result<HolderRef> Authority::hold_access_token(const auth::JwtVerifier::Verified& verified,
                                               int64_t now_unix_ms) const {
  if (!takes_access_tokens()) {
    return fail(Errc::kUnauthorized,
                "access tokens are not taken here: mercure.resource is not set");
  }
  auto token = read_access_token(verified.payload, access_, base(), now_unix_ms);
  if (!token) {
    return std::move(token).failure();
  }
  auto access = std::make_shared<const AccessToken>(*std::move(token));
  return HolderRef(std::make_shared<const Holder>(
      Holder{.dialect = Dialect::kDraft,
             .identity = std::make_shared<const auth::Identity>(
                 auth::Identity{.name = name_for(access->subject, verified.payload),
                                .expires_unix_ms = access->expires_unix_ms,
                                .source = verified.source}),
             .publish = select(*access, Action::kPublish, base()),
             .subscribe = select(*access, Action::kSubscribe, base()),
             .access = access}));
}

bool Authority::vouches_for(uint64_t source) const {
  return source == nobody_->identity->source || publishers_.vouches_for(source) ||
         subscribers_.vouches_for(source);
}

}  // namespace ringcast::mercure
