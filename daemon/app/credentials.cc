#include "app/credentials.h"

#include <unistd.h>

#include <string_view>
#include <utility>

namespace ringcast::app {

namespace {

constexpr std::string_view kPrefix = "${CREDENTIALS_DIRECTORY}/";

// What can be a credential, with the keys' names.
std::vector<std::pair<std::string, std::string*>> file_names(config::Config& config) {
  std::vector<std::pair<std::string, std::string*>> names = {
      {"auth.jwt.key_file", &config.auth.jwt.key_file}, {"auth.jwt.jwks", &config.auth.jwt.jwks}};
  auth::JwtOptions& jwt = config.server.mercure.jwt;
  auth::JwtOptions& subscriber = config.server.mercure.subscriber_jwt;
  names.insert(names.end(), {{"mercure.jwt.key_file", &jwt.key_file},
                             {"mercure.jwt.jwks", &jwt.jwks},
                             {"mercure.subscriber_jwt.key_file", &subscriber.key_file},
                             {"mercure.subscriber_jwt.jwks", &subscriber.jwks}});
  for (size_t i = 0; i < config.listen.size(); ++i) {
    if (auto& tls = config.listen[i].tls) {
      const std::string path = "listen[" + std::to_string(i) + "].tls.";
      names.emplace_back(path + "certificate", &tls->certificate);
      names.emplace_back(path + "key", &tls->key);
    }
  }
  for (size_t i = 0; i < config.webhooks.size(); ++i) {
    names.emplace_back("webhooks[" + std::to_string(i) + "].secret_file",
                       &config.webhooks[i].secret_file);
  }
  return names;
}

}  // namespace

std::vector<std::string> unresolved_credentials(const config::Config& config) {
  std::vector<std::string> keys;
  config::Config copy = config;
  for (const auto& [key, name] : file_names(copy)) {
    if (name->starts_with(kPrefix)) {
      keys.push_back(key);
    }
  }
  return keys;
}

void resolve_credentials(config::Config& config, const std::string& directory) {
  if (::access(directory.c_str(), X_OK) != 0) {
    return;
  }
  for (const auto& [key, name] : file_names(config)) {
    if (name->starts_with(kPrefix)) {
      *name = directory + "/" + name->substr(kPrefix.size());
    }
  }
}

Status check_credentials(const config::Config& config) {
  const std::vector<std::string> keys = unresolved_credentials(config);
  if (keys.empty()) {
    return Ok{};
  }
  return fail(Errc::kInvalid,
              keys.front() +
                  ": there is no directory of credentials: systemd makes one for services that "
                  "have LoadCredential= or SetCredential=");
}

}  // namespace ringcast::app
