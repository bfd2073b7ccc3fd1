#include "auth/jwt_verifier.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "auth/source.h"
#include "base/json.h"

namespace ringcast::auth {

namespace {

constexpr size_t kMostShown = 64;

}  // namespace

JwtVerifier::JwtVerifier(std::string_view section, std::vector<Algorithm> algorithms,
                         const JwtKeys& keys, const std::vector<std::string>& rules)
    : section_(section), algorithms_(std::move(algorithms)), missing_(keys.missing) {
  std::vector<std::string> names;
  for (const Algorithm algorithm : algorithms_) {
    names.emplace_back(name_of(algorithm));
  }
  std::sort(names.begin(), names.end());
  const std::string text = joined({joined(names), joined(rules)});
  for (const JwtKey& key : keys.keys) {
    keys_.push_back({key, source_of({"jwt", key.fingerprint(), text})});
  }
}

Result<JwtVerifier::Verified> JwtVerifier::verify(std::string_view token) const {
  if (token.size() > kMaxJwtBytes) {
    return fail(Errc::kUnauthorized,
                "the token is longer than " + std::to_string(kMaxJwtBytes) + " bytes");
  }
  auto parsed = parse_jwt(token);
  if (!parsed) {
    return fail(Errc::kUnauthorized, parsed.error().detail);
  }
  const auto algorithm = algorithm_named(parsed->algorithm);
  if (!algorithm ||
      std::find(algorithms_.begin(), algorithms_.end(), *algorithm) == algorithms_.end()) {
    const bool is_long = parsed->algorithm.size() > kMostShown;
    return fail(Errc::kUnauthorized, "the algorithm " +
                                         (algorithm ? parsed->algorithm
                                          : is_long ? "of the token"
                                                    : json::quoted(parsed->algorithm)) +
                                         " is not in " + section_ + ".algorithms");
  }
  const auto key = find_key(*parsed, *algorithm);
  if (!key) {
    return Failure{key.error()};
  }
  return Verified{std::move(parsed->payload), std::move(parsed->type), (*key)->source};
}

// The key that the signature is by.
Result<const JwtVerifier::KnownKey*> JwtVerifier::find_key(const Jwt& jwt,
                                                           Algorithm algorithm) const {
  const auto& id = jwt.key_id;
  const auto is_meant = [&](const KnownKey& each) { return !id || each.key.is_meant_by(*id); };
  if (id && std::none_of(keys_.begin(), keys_.end(), is_meant)) {
    const bool is_long = id->size() > kMostShown;
    return refuse_key("unknown key id " +
                      (is_long ? "(" + std::to_string(id->size()) + " bytes)" : json::quoted(*id)));
  }
  bool is_tried = false;
  for (const KnownKey& each : keys_) {
    if (is_meant(each) && each.key.serves(algorithm)) {
      is_tried = true;
      if (each.key.verify(algorithm, jwt.signed_text, jwt.signature)) {
        return &each;
      }
    }
  }
  return is_tried ? fail(Errc::kUnauthorized, "the signature does not match")
                  : refuse_key("no key that fits the algorithm " + std::string(name_of(algorithm)));
}

Failure JwtVerifier::refuse_key(const std::string& why) const {
  return fail(Errc::kUnauthorized, missing_.empty() ? why : why + ": " + missing_);
}

bool JwtVerifier::vouches_for(uint64_t source) const {
  return std::any_of(keys_.begin(), keys_.end(),
                     [source](const KnownKey& each) { return each.source == source; });
}

Status JwtVerifier::check_keys() const {
  if (!missing_.empty()) {
    return Ok{};
  }
  std::string names;
  for (const Algorithm algorithm : algorithms_) {
    if (std::any_of(keys_.begin(), keys_.end(),
                    [&](const KnownKey& each) { return each.key.serves(algorithm); })) {
      return Ok{};
    }
    names.append(names.empty() ? "" : ", ").append(name_of(algorithm));
  }
  return fail(Errc::kInvalid,
              "no key serves " + names +
                  (keys_.empty() ? "" : ": there is " + keys_.front().key.description()),
              section_ + ".algorithms");
}

}  // namespace ringcast::auth
