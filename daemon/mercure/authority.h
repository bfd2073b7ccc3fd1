#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "auth/authenticator.h"
#include "auth/jwt_key.h"
#include "auth/jwt_verifier.h"
#include "base/result.h"
#include "mercure/access_token.h"
#include "mercure/hub_topics.h"
#include "mercure/match_query.h"
#include "mercure/options.h"
#include "topics/matcher.h"
#include "topics/url.h"

namespace ringcast::mercure {

// Who shows a Mercure token, or none, and what it grants.
struct Holder {
  Dialect dialect = Dialect::kStable;  // Of the token.
  auth::IdentityRef identity;          // Without native grants. Its name: "mercure:" and `sub`, or
                                       // "mercure#" and a digest of the claims.
  topics::SelectorsRef publish;        // Null: nothing.
  topics::SelectorsRef subscribe;  // Of private updates, and of the subscription API. Null: none.
  // Of a token of kStable, for subscription events: JSON; null: none.
  std::shared_ptr<const std::string> payload;
  std::shared_ptr<const AccessToken> access;  // The one of kDraft.
};
using HolderRef = std::shared_ptr<const Holder>;

// What a token is shown for: there can be different keys.
enum class Role : uint8_t { kPublisher, kSubscriber };

// Finds out who asks, and what they may do. Immutable, like auth::Authenticator. Thread-safe.
class Authority {
 public:
  // The keys are those that the options name, read by `app`. kInvalid when they serve none of the
  // algorithms.
  static Result<std::shared_ptr<const Authority>> make(const Options& options,
                                                       const auth::JwtKeys& keys,
                                                       const auth::JwtKeys& subscriber_keys);

  // kUnauthorized says why not. Never shows the token itself.
  [[nodiscard]] Result<HolderRef> authenticate(Role role, std::string_view token,
                                               int64_t now_unix_ms) const;
  // Without a token. Whether that is enough is asked of the options.
  [[nodiscard]] const HolderRef& nobody() const noexcept { return nobody_; }
  // Against what relative topics and patterns are resolved; null without mercure.resource.
  [[nodiscard]] const topics::Url* base() const noexcept {
    return takes_access_tokens() ? &hub_ : nullptr;
  }
  // Where nobody publishes but the hub.
  [[nodiscard]] const HubTopics& own_topics() const noexcept { return own_topics_; }
  // Whether what began with this source may go on: a stream by a key of subscribers, a publish by
  // one of publishers.
  [[nodiscard]] bool vouches_for(uint64_t source) const;

 private:
  // `hub`: its URL. Without mercure.resource only its path means something.
  Authority(const std::string& path, topics::Url hub)
      : hub_(std::move(hub)), own_topics_(path, hub_) {}
  [[nodiscard]] bool takes_access_tokens() const noexcept { return !access_.audience.empty(); }
  [[nodiscard]] Result<HolderRef> hold_access_token(const auth::JwtVerifier::Verified& verified,
                                                    int64_t now_unix_ms) const;

  auth::JwtVerifier publishers_;
  auth::JwtVerifier subscribers_;
  HolderRef nobody_;
  auth::JwtOptions access_;  // What access tokens have to say.
  const topics::Url hub_;
  const HubTopics own_topics_;
};

}  // namespace ringcast::mercure
