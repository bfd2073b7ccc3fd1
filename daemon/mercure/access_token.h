#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/jwt_options.h"
#include "base/result.h"
#include "mercure/topic_match.h"

namespace ringcast::mercure {

inline constexpr std::string_view kDetailType = "https://mercure.rocks/authorization-detail";

enum class Action : uint8_t { kPublish, kSubscribe };

// What an access token of the protocol's version 1.0 (draft 08; RFC 9068, RFC 9396) grants.
struct AccessToken {
  // An entry of `authorization_details` of the type kDetailType.
  struct Detail {
    bool may_publish = false;
    bool may_subscribe = false;  // To private updates, and the subscription API.
    std::vector<TopicMatch> topics;
    std::shared_ptr<const std::string> payload;  // A JSON object, minified; null: none.

    [[nodiscard]] bool has(Action action) const {
      return action == Action::kPublish ? may_publish : may_subscribe;
    }
    [[nodiscard]] bool matches(std::string_view topic, const topics::Url* base) const;
  };
  std::vector<Detail> details;
  std::string issuer;   // Empty: none.
  std::string subject;  // Empty: none.
  int64_t expires_unix_ms = 0;

  [[nodiscard]] bool grants(Action action, std::string_view topic, const topics::Url* base) const;
  // Of the first detail with `subscribe` that matches a subscription's own matcher, as if that were
  // a topic; null: none.
  [[nodiscard]] std::shared_ptr<const std::string> payload_for(std::string_view match,
                                                               const topics::Url* base) const;
};

// The `typ` in the header of an access token (RFC 9068 section 4): "at+jwt", in any case, with or
// without "application/". Other tokens must not be taken for one.
[[nodiscard]] bool is_access_token_type(std::string_view typ);

// Reads the payload of a JWT whose signature is good. `options.audience` holds the hub's resource
// identifier, which the token's `aud` must name, `options.issuer` whose tokens count; `exp` must be
// there. Details of other types and actions that are not known grant nothing. kUnauthorized says
// which claim is wrong, or does not hold now: one bad detail spoils the token, since the rest of it
// might grant what nobody meant.
Result<AccessToken> read_access_token(std::string_view payload, const auth::JwtOptions& options,
                                      const topics::Url* base, int64_t now_unix_ms);

}  // namespace ringcast::mercure
