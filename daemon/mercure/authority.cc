#include "mercure/authority.h"

#include <utility>

#include "auth/source.h"
#include "mercure/selector.h"
#include "mercure/token_claims.h"

namespace ringcast::mercure {

Result<std::shared_ptr<const Authority>> Authority::make(const Options& options,
                                                         const auth::JwtKeys& keys,
                                                         const auth::JwtKeys& subscriber_keys) {
  std::shared_ptr<Authority> authority(new Authority);
  authority->publishers_ = auth::JwtVerifier("mercure.jwt", options.jwt.algorithms, keys, {});
  authority->subscribers_ =
      options.subscriber_jwt.is_on()
          ? auth::JwtVerifier("mercure.subscriber_jwt", options.subscriber_jwt.algorithms,
                              subscriber_keys, {})
          : authority->publishers_;
  if (auto status = authority->publishers_.check_keys(); options.jwt.is_on() && !status) {
    return std::move(status).failure();
  }
  if (auto status = authority->subscribers_.check_keys();
      options.subscriber_jwt.is_on() && !status) {
    return std::move(status).failure();
  }
  const std::string anonymous = options.anonymous ? "open" : "closed";
  authority->nobody_ = std::make_shared<const Holder>(
      Holder{.identity = std::make_shared<const auth::Identity>(
                 auth::Identity{.source = auth::source_of({"mercure", anonymous})})});
  return std::shared_ptr<const Authority>(std::move(authority));
}

Result<HolderRef> Authority::authenticate(Role role, std::string_view token,
                                          int64_t now_unix_ms) const {
  auto verified = (role == Role::kPublisher ? publishers_ : subscribers_).verify(token);
  if (!verified) {
    return std::move(verified).failure();
  }
  auto claims = read_token_claims(verified->payload, now_unix_ms);
  if (!claims) {
    return std::move(claims).failure();
  }
  return HolderRef(std::make_shared<const Holder>(
      Holder{.identity = std::make_shared<const auth::Identity>(
                 auth::Identity{.name = claims->subject.empty() ? "mercure" : claims->subject,
                                .expires_unix_ms = claims->expires_unix_ms,
                                .source = verified->source}),
             .publish = select(claims->publish),
             .subscribe = select(claims->subscribe),
             .payload = std::move(claims->payload)}));
}

bool Authority::vouches_for(uint64_t source) const {
  return source == nobody_->identity->source || publishers_.vouches_for(source) ||
         subscribers_.vouches_for(source);
}

}  // namespace ringcast::mercure
