#include "auth/jwt.h"

#include <set>
#include <utility>

#include "auth/base64url.h"
#include "base/json.h"

namespace ringcast::auth {

namespace {

Status read_header(std::string_view text, Jwt& jwt) {
  bool has_algorithm = false;
  std::set<std::string, std::less<>> names;
  json::Reader reader;
  Status status = reader.read(text, [&](json::Value& root) {
    return root.each_field([&](std::string_view name, json::Value& value) -> Status {
      if (!names.emplace(name).second) {
        return fail(Errc::kUnauthorized, "the name " + json::quoted(name) + " is there twice");
      }
      if (name == "crit") {
        return fail(Errc::kUnauthorized, "crit asks for extensions, and none is known here");
      }
      if (name != "alg" && name != "kid" && name != "typ") {
        return Ok{};
      }
      auto member = value.string();
      if (!member) {
        return fail(Errc::kUnauthorized, std::string(name) + ": " + member.error().detail);
      }
      if (name == "kid") {
        jwt.key_id = *member;
        return Ok{};
      }
      if (name == "typ") {
        jwt.type = *member;
        return Ok{};
      }
      has_algorithm = true;
      jwt.algorithm = *member;
      return Ok{};
    });
  });
  if (!status) {
    return fail(Errc::kUnauthorized, "the token's header: " + status.error().detail);
  }
  return has_algorithm ? std::move(status)
                       : fail(Errc::kUnauthorized, "the token's header has no alg");
}

}  // namespace

Result<Jwt> parse_jwt(std::string_view token) {
  if (token.size() > kMaxJwtBytes) {
    return fail(Errc::kUnauthorized,
                "the token is longer than " + std::to_string(kMaxJwtBytes) + " bytes");
  }
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return fail(Errc::kUnauthorized,
                "the token is no JWT: that has three parts with dots between them");
  }
  const auto header = decode_base64url(token.substr(0, first));
  auto payload = decode_base64url(token.substr(first + 1, second - first - 1));
  auto signature = decode_base64url(token.substr(second + 1));
  if (!header || !payload || !signature) {
    const char* part = !header ? "header" : !payload ? "payload" : "signature";
    return fail(Errc::kUnauthorized,
                "the token's " + std::string(part) + " is not base64url without padding");
  }
  Jwt jwt{.algorithm = {},
          .type = {},
          .key_id = {},
          .signed_text = token.substr(0, second),
          .payload = *std::move(payload),
          .signature = *std::move(signature)};
  if (auto status = read_header(*header, jwt); !status) {
    return std::move(status).failure();
  }
  return jwt;
}

}  // namespace ringcast::auth
