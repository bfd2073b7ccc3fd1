#include "webhooks/signature.h"

#include <algorithm>
#include <optional>

#include "auth/base64url.h"
#include "auth/digest.h"
#include "base/text.h"

namespace ringcast::webhooks {

namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr size_t kLeastKeyBytes = 24;
constexpr size_t kMostKeyBytes = 64;
constexpr size_t kMostKeys = 4;

// RFC 4648 section 4 in terms of section 5.
std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.find_first_of("-_") != std::string_view::npos) {
    return std::nullopt;
  }
  text.remove_suffix(text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0);
  std::string in_url(text);
  std::replace(in_url.begin(), in_url.end(), '+', '-');
  std::replace(in_url.begin(), in_url.end(), '/', '_');
  return auth::decode_base64url(in_url);
}

std::string encode_base64(std::string_view bytes) {
  std::string text = auth::encode_base64url(bytes);
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

}  // namespace

Result<Keys> parse_secrets(std::string_view text) {
  Keys keys;
  for (int line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view secret = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    secret.remove_suffix(secret.ends_with('\r') ? 1 : 0);
    secret = trim(secret);
    if (secret.empty()) {
      continue;
    }
    const auto key =
        secret.starts_with(kPrefix) ? decode_base64(secret.substr(kPrefix.size())) : std::nullopt;
    if (!key || key->size() < kLeastKeyBytes || key->size() > kMostKeyBytes) {
      return fail(Errc::kInvalid, "line " + std::to_string(line) +
                                      " must be whsec_ and 24 to 64 bytes in base64, as "
                                      "`echo whsec_$(openssl rand -base64 32)` makes it");
    }
    keys.push_back(*key);
  }
  if (keys.empty() || keys.size() > kMostKeys) {
    return fail(Errc::kInvalid, keys.empty() ? "holds no secret" : "holds more than 4 secrets");
  }
  return keys;
}

std::string sign(const Keys& keys, std::string_view id, int64_t unix_seconds,
                 std::string_view body) {
  std::string content(id);
  content.append(".").append(std::to_string(unix_seconds)).append(".").append(body);
  std::string header;
  for (const std::string& key : keys) {
    const auth::Sha256 mac = auth::hmac_sha256(key, content);
    header +=
        (header.empty() ? "v1," : " v1,") + encode_base64(std::string(mac.begin(), mac.end()));
  }
  return header;
}

}  // namespace ringcast::webhooks
