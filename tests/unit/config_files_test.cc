#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "config/assignment.h"
#include "config/config.h"
#include "config/keys.h"
#include "config/node.h"
#include "support/source_dir.h"

namespace ringcast::config::config_files_test {
namespace {

const std::string kRoot = source_dir();

std::string read_file(const std::string& path) {
  std::ifstream stream(kRoot + "/" + path, std::ios::binary);
  REQUIRE_MESSAGE(stream.good(), path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

Config load_file(const std::string& path) {
  const auto loaded = load({.file_name = path,
                            .file_text = read_file(path),
                            .environment = {},
                            .set = {},
                            .listen = {}});
  REQUIRE_MESSAGE(loaded, loaded.error().detail);
  return loaded->config;
}

Config reload(const Config& config) {
  const auto loaded = load({.file_name = "printed",
                            .file_text = print(config),
                            .environment = {},
                            .set = {},
                            .listen = {}});
  REQUIRE_MESSAGE(loaded, loaded.error().detail);
  return loaded->config;
}

TEST_CASE("config: the shipped file is the defaults") {
  CHECK(load_file("config/ringcast.yaml") == Config());
}

TEST_CASE("config: the service's file is the defaults and a journal") {
  Config expected;
  expected.journal.path = "/var/lib/ringcast";
  CHECK(load_file("systemd/ringcast.yaml") == expected);
}

TEST_CASE("config: the shipped file has every key, in the order of the table") {
  const auto root = parse_yaml(read_file("config/ringcast.yaml"), "ringcast.yaml", true);
  REQUIRE(root);
  std::vector<Assignment> assignments;
  REQUIRE(assign(**root, all_keys(), "", {}, assignments));
  REQUIRE(assignments.size() == all_keys().size());
  for (size_t i = 0; i < assignments.size(); ++i) {
    CHECK(assignments[i].key->path == all_keys()[i].path);
  }
}

TEST_CASE("config: the documentation has default, range and change of every key") {
  const std::string text = read_file("docs/configuration.md");
  const Config defaults;
  for (const Key& key : all_keys()) {
    const std::string value = key.path == "listen" ? defaults.listen[0].address.text()
                                                   : print_key(key, defaults).substr(1);
    const std::string change = key.change == Change::kLive ? "live" : "restart";
    const std::string row = "\n| `" + std::string(key.path) + "` | `" + value + "` | " +
                            range_of(key) + " | " + change + " | ";
    CAPTURE(row);
    CHECK(text.find(row) != std::string::npos);
  }
}

TEST_CASE("config: the documentation has default and range of every key of a webhook") {
  const std::string text = read_file("docs/configuration.md");
  const std::string shipped = read_file("config/ringcast.yaml");
  Config defaults;
  defaults.webhooks.resize(1);
  for (const Key& key : webhook_keys()) {
    const std::string value = print_key(key, defaults).substr(1);
    const std::string row =
        "\n| `" + std::string(key.path) + "` | `" + value + "` | " + range_of(key) + " | ";
    CAPTURE(row);
    CHECK(text.find(row) != std::string::npos);
    CHECK(shipped.find(std::string(key.path) + ": ") != std::string::npos);
  }
}

TEST_CASE("config: the scalar keys are all that are neither lists nor maps") {
  const auto scalars = scalar_keys();
  const std::set<std::string> names(scalars.begin(), scalars.end());
  CHECK(names.size() == all_keys().size() - 14);
  CHECK(names.count("auth.anonymous") == 1);
  for (const char* list :
       {"listen", "topics", "presence", "webhooks", "auth.tokens", "auth.jwt.algorithms",
        "auth.jwt.audience", "proxies.trusted", "hosts", "cors.origins", "log.levels"}) {
    CHECK(names.count(list) == 0);
  }
}

TEST_CASE("config: the examples load") {
  CHECK(load_file("config/examples/development.yaml").log.level == LogOptions::Level::kDebug);
  const Config open = load_file("config/examples/public-stream.yaml");
  CHECK(open.auth.anonymous == auth::Options::Anonymous::kGrants);
  CHECK(open.auth.grants.subscribe == std::vector<std::string>{"public/**"});
  CHECK(open.auth.grants.admin.empty());
  CHECK(load_file("config/examples/small-device.yaml").server.memory_bytes == 8 << 20);
  const Config encrypted = load_file("config/examples/private-network.yaml");
  REQUIRE(encrypted.listen.size() == 2);
  CHECK_FALSE(encrypted.listen[0].tls);
  REQUIRE(encrypted.listen[1].tls);
  CHECK(encrypted.listen[1].tls->key == "/etc/ringcast/key.pem");
  const Config durable = load_file("config/examples/production.yaml");
  CHECK(durable.journal.path == "/var/lib/ringcast");
  CHECK(durable.journal.sync == journal::Sync::kAlways);
  REQUIRE(durable.server.policies.rules.size() == 2);
  CHECK(durable.server.policies.rules[1].policy.retain.events == 10);
}

TEST_CASE("config: what is printed reads back to the same") {
  CHECK(reload(Config()) == Config());
  for (const char* example :
       {"development", "private-network", "production", "public-stream", "small-device"}) {
    const Config config = load_file("config/examples/" + std::string(example) + ".yaml");
    CHECK(reload(config) == config);
  }
}

TEST_CASE("config: odd text survives printing") {
  Config config;
  config.listen = {
      {.address = {.host = {}, .port = 0, .unix_path = "/a \"b\" # \\ \xC3\xA4", .unix_mode = 0},
       .tls = net::TlsOptions{.certificate = "a: b # \xC3\xA4", .key = "\"k\n"}}};
  config.server.policies.rules = {{"a: {b}, \"c\"/**", {}}, {"\xE2\x80\xA8/*", {}}};
  config.journal.path = "off # \xC3\xA4\n\": ~";
  config.auth.anonymous = auth::Options::Anonymous::kGrants;
  config.auth.grants.publish = {"# no comment", "true", "~", "$sys/**"};
  config.auth.tokens = {
      {.name = "a: {b}\n\"c\"", .sha256 = std::string(64, '1'), .grants = config.auth.grants},
      {.name = "~", .sha256 = std::string(64, 'e'), .grants = {}}};
  config.auth.jwt = {.algorithms = {auth::Algorithm::kHs256, auth::Algorithm::kEdDsa},
                     .key = "-----BEGIN X-----\na: b # c\n",
                     .jwks = "https://a.example/?a=b#c",
                     .refresh_ms = 1'500,
                     .issuer = "true",
                     .audience = {"a, b", "null"},
                     .claim = "https://a.example/claim",
                     .leeway_ms = 60'000,
                     .cookie = "__Host-token"};
  config.server.presence = {"a: {b}/*", "# no comment"};
  config.webhooks = {{.name = "a-b_c.1",
                      .url = "https://a.example/?a=b#c",
                      .topics = {"a: {b}/*", "\"#\""},
                      .sends_publish = false,
                      .sends_join = false,
                      .sends_leave = true,
                      .secret_file = "/a \"b\" # \xC3\xA4",
                      .batch = 7,
                      .batch_bytes = 2048,
                      .timeout_ms = 1'500,
                      .retry_ms = 20,
                      .retry_most_ms = 30,
                      .give_up_ms = 0},
                     {.name = "2", .url = "http://[::1]:1", .topics = {"**"}, .secret_file = "~"}};
  config.server.presence.emplace_back("\"#\"");
  CHECK(reload(config) == config);
}

TEST_CASE("config: what needs a restart is named") {
  Config from;
  Config to;
  CHECK(needs_restart(from, to).empty());
  to.server.limits.topics = 5;
  to.log.level = LogOptions::Level::kDebug;
  to.journal.interval_ms = 5;
  to.journal.pending_bytes = 5;
  to.journal.max_bytes = 5;
  to.server.policies.fallback.retain = {.events = 5, .bytes = 5, .age_ms = 5};
  CHECK(needs_restart(from, to).empty());
  to.listen[0].address.port = 1;
  to.workers = 3;
  to.server.memory_bytes *= 2;
  to.journal.path = "/x";
  to.journal.sync = journal::Sync::kOff;
  to.server.mercure.path = "/hub";
  to.server.mercure.subscriptions = true;
  CHECK(needs_restart(from, to) ==
        std::vector<std::string>{"listen", "workers", "journal.path", "journal.sync", "memory",
                                 "mercure.path", "mercure.subscriptions"});
}

}  // namespace
}  // namespace ringcast::config::config_files_test
