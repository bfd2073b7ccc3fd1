#include "auth/claims.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <functional>
#include <set>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "topics/name.h"

namespace ringcast::auth {

namespace {

constexpr double kMaxSeconds = 253'402'300'799;  // The end of the year 9999.
constexpr size_t kShownBytes = 100;

// What a token says is shown, but no more of it than anybody reads.
std::string shown(std::string_view text) {
  if (text.size() <= kShownBytes) {
    return json::quoted(text);
  }
  size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;  // Not in the middle of a UTF-8 sequence.
  }
  return json::quoted(std::string(text.substr(0, end)) + "...");
}

std::string date_of(int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm time{};
  gmtime_r(&seconds, &time);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &time)};
}

// Walks an object whose names must be unique: of two, another reader may take the other one.
Status each_unique_field(json::Value& value,
                         const std::function<Status(std::string_view, json::Value&)>& visit) {
  std::set<std::string, std::less<>> names;
  return value.each_field([&](std::string_view name, json::Value& member) -> Status {
    if (!names.emplace(name).second) {
      return fail(Errc::kUnauthorized, "the name " + shown(name) + " is there twice");
    }
    return visit(name, member);
  });
}

Status read_text(json::Value& value, std::optional<std::string>& out) {
  auto text = value.string();
  if (!text) {
    return std::move(text).failure();
  }
  out = *text;
  return Ok{};
}

// NumericDate (RFC 7519 section 2): seconds, perhaps with a fraction.
Status read_date(json::Value& value, std::optional<int64_t>& out) {
  std::string text;
  if (value.kind() != json::Value::Kind::kNumber) {
    return fail(Errc::kUnauthorized, "must be a number of seconds");
  }
  if (auto status = value.append_minified(text); !status) {
    return status;
  }
  double seconds = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0 ||
      seconds > kMaxSeconds) {
    return fail(Errc::kUnauthorized, "must be seconds since 1970, before the year 10000");
  }
  out = static_cast<int64_t>(std::floor(seconds * 1000));
  return Ok{};
}

Status read_texts(json::Value& value, Status (*check)(std::string_view),
                  std::vector<std::string>& out) {
  return value.each_element([&](json::Value& element) -> Status {
    const std::string place = "[" + std::to_string(out.size()) + "]: ";
    auto text = element.string();
    if (!text) {
      return fail(Errc::kUnauthorized, place + text.error().detail);
    }
    if (auto status = check(*text); !status) {
      return fail(Errc::kUnauthorized, place + shown(*text) + ": " + status.error().detail);
    }
    out.emplace_back(*text);
    return Ok{};
  });
}

Status take_any(std::string_view /*text*/) {
  return Ok{};
}

Status read_audience(json::Value& value, std::optional<std::vector<std::string>>& out) {
  out.emplace();
  if (value.kind() == json::Value::Kind::kArray) {
    return read_texts(value, take_any, *out);
  }
  std::optional<std::string> one;
  Status status = read_text(value, one);
  out->push_back(one.value_or(""));
  return status;
}

Status read_grants(json::Value& value, Grants& grants) {
  return each_unique_field(value, [&](std::string_view name, json::Value& list) -> Status {
    const bool is_admin = name == "admin";
    if (!is_admin && name != "publish" && name != "subscribe") {
      return fail(Errc::kUnauthorized,
                  "has " + shown(name) + ", but only publish, subscribe and admin are known");
    }
    auto& out = is_admin ? grants.admin : name == "publish" ? grants.publish : grants.subscribe;
    Status status = read_texts(list, is_admin ? check_admin_route : topics::check_pattern, out);
    if (status) {
      return status;
    }
    const std::string& why = status.error().detail;
    return fail(Errc::kUnauthorized, std::string(name) + (why.starts_with('[') ? "" : ": ") + why);
  });
}

Status read_claim(std::string_view name, json::Value& value, std::string_view grants_claim,
                  Claims& claims) {
  if (name == grants_claim) {
    return read_grants(value, claims.grants);
  }
  if (name == "iss") {
    return read_text(value, claims.issuer);
  }
  if (name == "sub") {
    return read_text(value, claims.subject);
  }
  if (name == "aud") {
    return read_audience(value, claims.audience);
  }
  if (name == "exp") {
    return read_date(value, claims.expires_unix_ms);
  }
  return name == "nbf" ? read_date(value, claims.not_before_unix_ms) : Status(Ok{});
}

Status check_times(const Claims& claims, int64_t leeway_ms, int64_t now_unix_ms) {
  if (claims.expires_unix_ms && now_unix_ms >= *claims.expires_unix_ms + leeway_ms) {
    return fail(Errc::kUnauthorized, "the token expired at " + date_of(*claims.expires_unix_ms));
  }
  if (claims.not_before_unix_ms && now_unix_ms + leeway_ms < *claims.not_before_unix_ms) {
    return fail(Errc::kUnauthorized,
                "not yet valid: nbf is " + date_of(*claims.not_before_unix_ms));
  }
  return Ok{};
}

Status check_audience(const Claims& claims, const std::vector<std::string>& ours) {
  if (!claims.audience) {
    return ours.empty()
               ? Status(Ok{})
               : fail(Errc::kUnauthorized, "no audience, but auth.jwt.audience asks for one");
  }
  // RFC 7519 section 4.1.3: who is not among those whom a token is for must refuse it.
  if (ours.empty()) {
    return fail(Errc::kUnauthorized,
                "wrong audience: the token is for others, and auth.jwt.audience is not set");
  }
  const auto& theirs = *claims.audience;
  const auto is_ours = [&](const std::string& name) {
    return std::find(ours.begin(), ours.end(), name) != ours.end();
  };
  if (std::any_of(theirs.begin(), theirs.end(), is_ours)) {
    return Ok{};
  }
  return fail(Errc::kUnauthorized,
              "wrong audience" + (theirs.empty() ? std::string() : ": " + shown(theirs.front())));
}

}  // namespace

Result<Claims> read_claims(std::string_view payload, std::string_view grants_claim) {
  Claims claims;
  json::Reader reader;
  Status status = reader.read(payload, [&](json::Value& root) {
    return each_unique_field(root, [&](std::string_view name, json::Value& value) -> Status {
      Status read = read_claim(name, value, grants_claim, claims);
      return read ? std::move(read)
                  : fail(Errc::kUnauthorized, std::string(name) + ": " + read.error().detail);
    });
  });
  if (!status) {
    return fail(Errc::kUnauthorized, "the token's claims: " + status.error().detail);
  }
  return claims;
}

Status check_claims(const Claims& claims, const JwtOptions& options, int64_t now_unix_ms) {
  if (auto status = check_times(claims, options.leeway_ms, now_unix_ms); !status) {
    return status;
  }
  if (!options.issuer.empty() && claims.issuer != options.issuer) {
    return fail(Errc::kUnauthorized, claims.issuer ? "wrong issuer: " + shown(*claims.issuer)
                                                   : "no issuer, but auth.jwt.issuer asks for one");
  }
  return check_audience(claims, options.audience);
}

}  // namespace ringcast::auth
