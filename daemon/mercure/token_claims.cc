#include "mercure/token_claims.h"

#include <utility>

#include "auth/claims.h"
#include "base/json.h"

namespace ringcast::mercure {

namespace {

constexpr std::string_view kClaim = "mercure";
constexpr std::string_view kLongClaim = "https://mercure.rocks/";

Failure refuse_claim(std::string_view claim, const std::string& why) {
  return fail(Errc::kUnauthorized, "the claim " + json::quoted(claim) + why);
}

Status read_selectors(json::Value& value, std::vector<std::string>& out) {
  if (value.kind() == json::Value::Kind::kNull) {
    return Ok{};
  }
  return value.each_element([&](json::Value& element) -> Status {
    auto text = element.string();
    if (!text) {
      return std::move(text).failure();
    }
    out.emplace_back(*text);
    return Ok{};
  });
}

Status read_mercure(json::Value& value, TokenClaims& claims) {
  return value.each_field([&](std::string_view name, json::Value& member) -> Status {
    if (name == "publish" || name == "subscribe") {
      auto& out = name == "publish" ? claims.publish : claims.subscribe;
      if (!out.empty()) {
        return fail(Errc::kInvalid, "has " + std::string(name) + " twice");
      }
      Status read = read_selectors(member, out);
      return read ? std::move(read)
                  : fail(Errc::kInvalid, std::string(name) + ": " + read.error().detail);
    }
    if (name == "payload") {
      claims.payload.clear();
      return member.append_minified(claims.payload);
    }
    return Ok{};
  });
}

}  // namespace

Result<TokenClaims> read_token_claims(std::string_view payload, int64_t now_unix_ms) {
  auto registered = auth::read_claims(payload, {});
  if (!registered) {
    return std::move(registered).failure();
  }
  registered->audience.reset();
  if (Status valid = auth::check_claims(*registered, {}, now_unix_ms); !valid) {
    return std::move(valid).failure();
  }
  TokenClaims claims;
  bool is_long = false;
  json::Reader reader;
  const Status read = reader.read(payload, [&](json::Value& root) {
    return root.each_field([&](std::string_view name, json::Value& value) -> Status {
      if (name != kLongClaim && (name != kClaim || is_long)) {
        return Ok{};
      }
      is_long = name == kLongClaim;
      claims = {};
      const Status status = read_mercure(value, claims);
      return status ? status : Status(refuse_claim(name, ": " + status.error().detail));
    });
  });
  if (!read) {
    return fail(Errc::kUnauthorized, read.error().detail);
  }
  claims.subject = registered->subject.value_or("");
  claims.expires_unix_ms = registered->expires_unix_ms.value_or(0);
  return claims;
}

}  // namespace ringcast::mercure
