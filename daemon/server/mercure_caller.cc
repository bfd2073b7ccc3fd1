#include "server/mercure_caller.h"

#include <algorithm>

#include "base/text.h"
#include "server/identify.h"

namespace ringcast::server {

namespace {

using mercure::Role;

// A cookie of this name is one that only the host itself has set, over TLS.
constexpr std::string_view kDraftCookie = "__Secure-mercure_access_token";

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

// A subscription by matchers, not by topic selectors.
bool speaks_draft(const http::Target& target) {
  return std::any_of(target.query.begin(), target.query.end(), [](const auto& parameter) {
    return equals_ignoring_case(std::string_view(parameter.first).substr(0, 5), "match");
  });
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
  const mercure::Options& options = settings.options.mercure;
  Shown shown{.field = "Authorization",
              .role = head.method == http::Method::kPost ? Role::kPublisher : Role::kSubscriber,
              .in_draft = head.method != http::Method::kPost && speaks_draft(target)};
  if (const auto parameter = target.parameter("authorization")) {
    if (shown.in_draft) {
      return fail(Errc::kInvalid, "in version 1.0 a token comes in the header or the cookie",
                  "authorization");
    }
    if (parameter->empty()) {
      return fail(Errc::kUnauthorized, "the token is missing", "authorization");
    }
    shown.token = *parameter;
    shown.field = "authorization";
  }
  if (const std::string_view header = head.header("authorization"); !header.empty()) {
    const Result<std::string_view> token = bearer_of(header);
    if (!token) {
      const Errc code = shown.in_draft ? Errc::kInvalid : token.error().code;
      return fail(code, token.error().detail, token.error().field);
    }
    shown.token = *token;
    shown.field = "Authorization";
  } else if (shown.token.empty()) {
    shown.token = cookie_of(head, shown.in_draft ? "" : std::string_view(options.cookie));
    if (shown.token.empty()) {
      shown.token = cookie_of(head, options.cookie.empty() ? "" : kDraftCookie);
    }
    shown.field = "Cookie";
    if (!shown.token.empty() && shown.role == Role::kPublisher &&
        !is_allowed(page_origin(head), head, listening, options.publish_origins)) {
      return fail(Errc::kUnauthorized,
                  "what publishes with a cookie needs an Origin or a Referer in "
                  "mercure.publish_origins",
                  "Cookie");
    }
  }
  if (!shown.token.empty()) {
    return believe(shown, settings, now_unix_ms);
  }
  token_.clear();
  holder_ = settings.mercure->nobody();
  return shown.role == Role::kSubscriber && options.anonymous
             ? Status(Ok{})
             : Status(fail(Errc::kUnauthorized, "this needs a token"));
}

Status MercureCaller::believe(const Shown& shown, const Settings& settings, int64_t now_unix_ms) {
  const bool is_known =
      !token_.empty() && token_ == shown.token && role_ == shown.role &&
      authority_ == settings.mercure &&
      (holder_->identity->expires_unix_ms == 0 || now_unix_ms < holder_->identity->expires_unix_ms);
  if (!is_known) {
    token_.clear();
    Result<mercure::HolderRef> found =
        settings.mercure->authenticate(shown.role, shown.token, now_unix_ms);
    if (!found) {
      return fail(found.error().code, found.error().detail, std::string(shown.field));
    }
    holder_ = *std::move(found);
    token_ = shown.token;
    role_ = shown.role;
    authority_ = settings.mercure;
  }
  if (shown.in_draft && holder_->dialect != mercure::Dialect::kDraft) {
    return fail(Errc::kUnauthorized, "version 1.0 takes access tokens of the type at+jwt",
                std::string(shown.field));
  }
  return Ok{};
}

}  // namespace ringcast::server
