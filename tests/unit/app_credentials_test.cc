#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "app/credentials.h"
#include "support/config_text.h"

namespace ringcast::app::app_credentials_test {
namespace {

const std::string kText =
    "listen: [{tcp: 127.0.0.1:1, tls: {certificate: \"${CREDENTIALS_DIRECTORY}/c.pem\", "
    "key: \"${CREDENTIALS_DIRECTORY}/k.pem\"}}]\n"
    "auth: {jwt: {algorithms: [HS256], key_file: \"${CREDENTIALS_DIRECTORY}/a/b\", "
    "jwks: /etc/jwks.json}}\n"
    "webhooks: [{name: a, url: \"https://a.example/\", topics: [a], secret_file: "
    "\"${CREDENTIALS_DIRECTORY}/hook\"}]\n";

TEST_CASE("app: file names that begin with the directory of credentials get it") {
  config::Config config = config::config_of(kText);
  resolve_credentials(config, "/");
  CHECK(config.listen[0].tls->certificate == "//c.pem");
  CHECK(config.listen[0].tls->key == "//k.pem");
  CHECK(config.auth.jwt.key_file == "//a/b");
  CHECK(config.auth.jwt.jwks == "/etc/jwks.json");
  CHECK(config.webhooks[0].secret_file == "//hook");
  CHECK(unresolved_credentials(config).empty());
  CHECK(check_credentials(config));
}

TEST_CASE("app: without a directory that can be entered they stay, and are named") {
  config::Config config = config::config_of(kText);
  for (const char* directory : {"", "/nowhere/at/all"}) {
    resolve_credentials(config, directory);
    CHECK(unresolved_credentials(config) ==
          std::vector<std::string>{"auth.jwt.key_file", "listen[0].tls.certificate",
                                   "listen[0].tls.key", "webhooks[0].secret_file"});
  }
  const Status checked = check_credentials(config);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().detail.starts_with(
      "auth.jwt.key_file: there is no directory of credentials: systemd makes one"));
}

TEST_CASE("app: the name elsewhere in a file name is only text") {
  config::Config config;
  config.auth.jwt.key_file = "/etc/${CREDENTIALS_DIRECTORY}/x";
  resolve_credentials(config, "/");
  CHECK(config.auth.jwt.key_file == "/etc/${CREDENTIALS_DIRECTORY}/x");
  CHECK(unresolved_credentials(config).empty());
}

}  // namespace
}  // namespace ringcast::app::app_credentials_test
