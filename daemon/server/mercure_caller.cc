#include "server/mercure_caller.h"

#include <algorithm>

#include "base/text.h"
#include "server/identify.h"

namespace ringcast::server {

namespace {

using mercure::Role;

// Of the broker itself, or listed.
bool is_allowed(const std::string& origin, const http::Request& head, const Listening& listening,
                const std::vector<std::string>& allowed) {
  const bool is_own =
      origin == std::string(listening.scheme()) + "://" + to_lower(head.header("host"));
  return !origin.empty() && origin != "null" &&
         (is_own || std::any_of(allowed.begin(), allowed.end(), [&](const std::string& each) {
            return each == "*" || each == origin;
          }));
}

}  // namespace

std::string page_origin(const http::Request& head) {
  if (const std::string_view origin = head.header("origin"); !origin.empty()) {
    return std::string(origin);
  }
  const std::string_view referer = head.header("referer");
  const size_t host = referer.find("://");
  return host == std::string_view::npos
             ? std::string()
             : to_lower(referer.substr(0, referer.find_first_of("/?#", host + 3)));
}

Status MercureCaller::identify(const http::Request& head, const http::Target& target,
                               const Listening& listening, const Settings& settings,
                               int64_t now_unix_ms) {
  const Role role = head.method == http::Method::kPost ? Role::kPublisher : Role::kSubscriber;
  const mercure::Options& options = settings.options.mercure;
  if (const std::string_view header = head.header("authorization"); !header.empty()) {
    const Result<std::string_view> token = bearer_of(header);
    return token ? believe(role, *token, "Authorization", settings, now_unix_ms)
                 : Status(Failure{token.error()});
  }
  if (const auto parameter = target.parameter("authorization")) {
    return believe(role, *parameter, "authorization", settings, now_unix_ms);
  }
  if (const std::string_view token = cookie_of(head, options.cookie); !token.empty()) {
    if (role == Role::kPublisher &&
        !is_allowed(page_origin(head), head, listening, options.publish_origins)) {
      return fail(Errc::kUnauthorized,
                  "what publishes with a cookie needs an Origin or a Referer in "
                  "mercure.publish_origins",
                  "Cookie");
    }
    return believe(role, token, "Cookie", settings, now_unix_ms);
  }
  token_.clear();
  holder_ = settings.mercure->nobody();
  return role == Role::kSubscriber && options.anonymous
             ? Status(Ok{})
             : Status(fail(Errc::kUnauthorized, "this needs a token"));
}

Status MercureCaller::believe(Role role, std::string_view token, std::string_view field,
                              const Settings& settings, int64_t now_unix_ms) {
  const bool is_known =
      !token_.empty() && token_ == token && role_ == role && authority_ == settings.mercure &&
      (holder_->identity->expires_unix_ms == 0 || now_unix_ms < holder_->identity->expires_unix_ms);
  if (is_known) {
    return Ok{};
  }
  token_.clear();
  Result<mercure::HolderRef> found = settings.mercure->authenticate(role, token, now_unix_ms);
  if (!found) {
    Error error = found.error();
    error.field = field;
    return Failure{std::move(error)};
  }
  holder_ = *std::move(found);
  token_ = token;
  role_ = role;
  authority_ = settings.mercure;
  return Ok{};
}

}  // namespace ringcast::server
