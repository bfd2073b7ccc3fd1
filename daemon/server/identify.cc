#include "server/identify.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "http/origin.h"

namespace ringcast::server {

namespace {

constexpr std::string_view kScheme = "bearer";
constexpr std::array<std::string_view, 4> kFields = {"", "Authorization", "access_token", "Cookie"};

}  // namespace

Result<std::string_view> bearer_of(std::string_view value) {
  const size_t blank = value.find(' ');
  if (!equals_ignoring_case(value.substr(0, blank), kScheme)) {
    return fail(Errc::kUnauthorized, "only Bearer tokens are understood", "Authorization");
  }
  const std::string_view token =
      blank == std::string_view::npos ? std::string_view() : trim(value.substr(blank));
  if (token.empty()) {
    return fail(Errc::kUnauthorized, "the token is missing", "Authorization");
  }
  return token;
}

std::string_view cookie_of(const http::Request& head, std::string_view wanted) {
  std::string_view rest = head.header("cookie");
  while (!wanted.empty() && !rest.empty()) {
    const size_t end = rest.find(';');
    const std::string_view pair = trim(rest.substr(0, end));
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == wanted) {
      return pair.substr(equals + 1);
    }
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return {};
}

namespace {

bool changes_something(http::Method method) {
  return method != http::Method::kGet && method != http::Method::kHead &&
         method != http::Method::kOptions;
}

}  // namespace

Result<Credential> find_credential(const http::Request& head, const http::Target& target,
                                   std::string_view cookie) {
  const std::string_view header = head.header("authorization");
  const std::optional<std::string_view> parameter = target.parameter("access_token");
  if (!header.empty() && parameter) {
    return fail(Errc::kInvalid, "a token comes in the header or in the query, not in both",
                "access_token");
  }
  if (!header.empty()) {
    const Result<std::string_view> token = bearer_of(header);
    return token ? Result<Credential>(Credential{Credential::From::kHeader, *token})
                 : Result<Credential>(Failure{token.error()});
  }
  if (parameter) {
    return Credential{Credential::From::kQuery, *parameter};
  }
  const std::string_view token = cookie_of(head, cookie);
  return token.empty() ? Credential{} : Credential{Credential::From::kCookie, token};
}

Status check_local(const http::Request& head, const Client& client, const Listening& listening,
                   const Options& options) {
  if (!client.is_local) {
    return fail(Errc::kUnauthorized,
                "a proxy forwarded this, so that the rights of this machine do not hold: show a "
                "token");
  }
  // No browser names a unix socket, and clients name the host there as they like.
  const Status host = listening.is_unix ? Status(Ok{}) : http::check_host(head, options.hosts);
  return host ? http::check_origin(head, listening.scheme(), options.cors_origins) : host;
}

Status check_cookie_use(const http::Request& head, const Listening& listening,
                        const Options& options) {
  if (!changes_something(head.method)) {
    return Ok{};
  }
  if (head.header("origin").empty()) {
    return fail(Errc::kForbidden, "what shows its token in a cookie needs an Origin", "Origin");
  }
  return http::check_origin(head, listening.scheme(), options.cors_origins);
}

std::string challenge_for(const Error& error) {
  std::string challenge = "Bearer realm=\"ringcast\"";
  const bool is_bad_token =
      std::find(kFields.begin() + 1, kFields.end(), error.field) != kFields.end();
  if (error.code == Errc::kUnauthorized && !is_bad_token) {
    return challenge;  // None was shown: no code (section 3.1).
  }
  challenge += error.code == Errc::kUnauthorized ? ", error=\"invalid_token\""
                                                 : ", error=\"insufficient_scope\"";
  challenge += ", error_description=\"";
  for (const char c : error.detail) {
    challenge += c < ' ' || c > '~' || c == '"' || c == '\\' ? '\'' : c;
  }
  return challenge + "\"";
}

Status Caller::identify(const http::Request& head, const http::Target& target, const Client& client,
                        const Listening& listening, const Settings& settings, int64_t now_unix_ms) {
  const Result<Credential> credential = find_credential(head, target, settings.cookie);
  if (!credential) {
    return Failure{credential.error()};
  }
  const auth::Authenticator& authenticator = *settings.auth;
  if (credential->from == Credential::From::kNone) {
    token_.clear();
    identity_ = authenticator.anonymous(listening.is_local);
    // Where everybody may do the same, it does not matter who asks.
    const bool is_privileged =
        listening.is_local && identity_->grants != authenticator.anonymous(false)->grants;
    return is_privileged ? check_local(head, client, listening, settings.options) : Status(Ok{});
  }
  if (credential->from == Credential::From::kCookie) {
    if (Status allowed = check_cookie_use(head, listening, settings.options); !allowed) {
      return allowed;
    }
  }
  const bool is_known = !token_.empty() && token_ == credential->token &&
                        authenticator_ == settings.auth && check_still_valid(settings, now_unix_ms);
  if (is_known) {
    return Ok{};
  }
  token_.clear();
  Result<auth::IdentityRef> found = authenticator.authenticate(credential->token, now_unix_ms);
  if (!found) {
    Error error = found.error();
    error.field = kFields[static_cast<size_t>(credential->from)];
    return Failure{std::move(error)};
  }
  identity_ = *std::move(found);
  token_ = credential->token;
  authenticator_ = settings.auth;
  return Ok{};
}

void Caller::be(auth::IdentityRef identity) {
  token_.clear();
  identity_ = std::move(identity);
}

void Caller::be_nobody(const auth::Authenticator& authenticator) {
  be(authenticator.anonymous(false));
}

Status Caller::check_expiry(int64_t now_unix_ms) const {
  if (identity_->expires_unix_ms > 0 && now_unix_ms >= identity_->expires_unix_ms) {
    return fail(Errc::kUnauthorized, "the token has expired", "Authorization");
  }
  return Ok{};
}

Status Caller::check_still_valid(const Settings& settings, int64_t now_unix_ms) const {
  if (Status valid = check_expiry(now_unix_ms); !valid) {
    return valid;
  }
  return settings.auth->vouches_for(identity_->source)
             ? Status(Ok{})
             : Status(
                   fail(Errc::kUnauthorized, "the token is not valid any more", "Authorization"));
}

}  // namespace ringcast::server
