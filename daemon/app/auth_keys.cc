#include "app/auth_keys.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "app/read_file.h"
#include "auth/key_text.h"

namespace ringcast::app {

namespace {

constexpr size_t kMaxKeyBytes = size_t{64} << 10;

// The key that stands alone; with neither key nor key_file, nothing is added.
Status add_key(const auth::JwtOptions& options, const std::string& section, auth::JwtKeys& keys) {
  if (options.key.empty() && options.key_file.empty()) {
    return Ok{};
  }
  std::string text = options.key;
  if (text.empty()) {
    auto read = read_file(options.key_file, kMaxKeyBytes);
    if (!read) {
      return fail(read.error().code, section + ".key_file: " + read.error().detail);
    }
    text = *std::move(read);
  }
  auto key = auth::parse_key_text(text);
  if (!key) {
    return fail(Errc::kInvalid, (options.key.empty() ? section + ".key_file: " + options.key_file
                                                     : section + ".key") +
                                    ": " + key.error().detail);
  }
  keys.keys.push_back(*std::move(key));
  return Ok{};
}

}  // namespace

Result<auth::JwkSet> read_jwks_file(const std::string& path) {
  auto text = read_file(path, kMaxJwksBytes);
  if (!text) {
    return std::move(text).failure();
  }
  auto set = auth::parse_jwk_set(*text);
  return set ? std::move(set) : fail(Errc::kInvalid, path + ": " + set.error().detail);
}

Result<auth::JwtKeys> read_jwt_keys(const auth::JwtOptions& options, const std::string& section,
                                    std::vector<std::string>& notes) {
  auth::JwtKeys keys;
  if (auto status = add_key(options, section, keys); !status) {
    return std::move(status).failure();
  }
  if (options.jwks.empty()) {
    return keys;
  }
  if (options.is_jwks_url()) {
    keys.missing = "the JWKS could not be read yet";
    return keys;
  }
  auto set = read_jwks_file(options.jwks);
  if (!set) {
    return fail(set.error().code, section + ".jwks: " + set.error().detail);
  }
  if (set->keys.empty()) {
    return fail(Errc::kInvalid,
                section + ".jwks: " + options.jwks + ": no key in it can be used" +
                    (set->skipped.empty() ? std::string() : ": " + set->skipped.front()));
  }
  keys.keys.insert(keys.keys.end(), set->keys.begin(), set->keys.end());
  for (const std::string& skipped : set->skipped) {
    std::string note = section;
    notes.push_back(note.append(".jwks: skipped ").append(skipped));
  }
  return keys;
}

auth::JwtKeys with_set(const auth::JwtKeys& keys, const std::vector<auth::JwtKey>& set,
                       const std::vector<auth::Algorithm>& algorithms) {
  auth::JwtKeys all;
  std::copy_if(keys.keys.begin(), keys.keys.end(), std::back_inserter(all.keys),
               [](const auth::JwtKey& key) { return !key.is_in_set(); });
  all.keys.insert(all.keys.end(), set.begin(), set.end());
  std::string names;
  for (const auth::Algorithm algorithm : algorithms) {
    if (std::any_of(set.begin(), set.end(),
                    [algorithm](const auth::JwtKey& key) { return key.serves(algorithm); })) {
      return all;
    }
    names.append(names.empty() ? "" : " or ").append(auth::name_of(algorithm));
  }
  all.missing = "no key of the JWKS serves " + names;
  return all;
}

void Access::keep_sets(const config::Config& config, const Access& before,
                       const config::Config& config_before) {
  const auto keep = [](const auth::JwtOptions& options, auth::JwtKeys& now,
                       const auth::JwtOptions& options_before, const auth::JwtKeys& old) {
    std::vector<auth::JwtKey> set;
    std::copy_if(old.keys.begin(), old.keys.end(), std::back_inserter(set),
                 [](const auth::JwtKey& key) { return key.is_in_set(); });
    if (options.is_jwks_url() && options.jwks == options_before.jwks && !set.empty()) {
      now = with_set(now, set, options.algorithms);
    }
  };
  keep(config.auth.jwt, keys, config_before.auth.jwt, before.keys);
  const mercure::Options& hub = config.server.mercure;
  const mercure::Options& hub_before = config_before.server.mercure;
  if (hub_before.enabled) {  // Else nobody has read them.
    keep(hub.jwt, mercure_keys, hub_before.jwt, before.mercure_keys);
    keep(hub.subscriber_jwt, subscriber_keys, hub_before.subscriber_jwt, before.subscriber_keys);
  }
}

Status Access::make(const config::Config& config) {
  auto believed = auth::Authenticator::make(config.auth, keys);
  if (!believed) {
    return std::move(believed).failure();
  }
  std::shared_ptr<const mercure::Authority> hub;
  if (config.server.mercure.enabled) {
    auto made = mercure::Authority::make(config.server.mercure, mercure_keys, subscriber_keys);
    if (!made) {
      return std::move(made).failure();
    }
    hub = *std::move(made);
  }
  authenticator = *std::move(believed);
  mercure = std::move(hub);
  return Ok{};
}

Result<Access> read_access(const config::Config& config, std::vector<std::string>& notes) {
  const mercure::Options& mercure = config.server.mercure;
  Access access;
  const auto read = [&notes](const auth::JwtOptions& options, const std::string& section,
                             auth::JwtKeys& keys) -> Status {
    auto found = read_jwt_keys(options, section, notes);
    if (!found) {
      return std::move(found).failure();
    }
    keys = *std::move(found);
    return Ok{};
  };
  if (auto status = read(config.auth.jwt, "auth.jwt", access.keys); !status) {
    return std::move(status).failure();
  }
  if (auto status = read(mercure.jwt, "mercure.jwt", access.mercure_keys); !status) {
    return std::move(status).failure();
  }
  if (auto status = read(mercure.subscriber_jwt, "mercure.subscriber_jwt", access.subscriber_keys);
      !status) {
    return std::move(status).failure();
  }
  if (auto status = access.make(config); !status) {
    return std::move(status).failure();
  }
  return access;
}

}  // namespace ringcast::app
