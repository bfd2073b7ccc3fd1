#include <doctest/doctest.h>

#include <cctype>
#include <string>

#include "config/config.h"

namespace ringcast::config::config_sources_test {
namespace {

constexpr const char* kFile = "limits: {topics: 2, connections: 2, topics_per_subscription: 2}\n";

std::string error_of(const Sources& sources) {
  const auto loaded = load(sources);
  return loaded ? "no error" : loaded.error().detail;
}

std::string flag_error(const std::string& flag) {
  Sources sources;
  sources.set = {flag};
  return error_of(sources);
}

Loaded loaded_from(const Sources& sources) {
  auto loaded = load(sources);
  REQUIRE_MESSAGE(loaded, loaded.error().detail);
  return *std::move(loaded);
}

Sources with_flag(const std::string& flag) {
  Sources sources;
  sources.set = {flag};
  return sources;
}

Sources with_variable(const std::string& name, const std::string& value) {
  Sources sources;
  sources.environment[name] = value;
  return sources;
}

TEST_CASE("config: flags win over variables, variables over the file") {
  Sources sources{.file_name = "f.yaml",
                  .file_text = kFile,
                  .environment = {{"RINGCAST_LIMITS_CONNECTIONS", "3"},
                                  {"RINGCAST_LIMITS_TOPICS_PER_SUBSCRIPTION", "3"}},
                  .set = {"limits.topics_per_subscription=4"},
                  .listen = {}};
  const Config config = loaded_from(sources).config;
  CHECK(config.server.limits.topics == 2);
  CHECK(config.server.limits.connections == 3);
  CHECK(config.server.limits.topics_per_subscription == 4);
}

TEST_CASE("config: the last of two equal flags wins") {
  Sources sources;
  sources.set = {"page=true", "page=false"};
  CHECK_FALSE(loaded_from(sources).config.server.page);
}

TEST_CASE("config: a value that a stronger one replaces is still checked") {
  Sources sources{.file_name = "f.yaml",
                  .file_text = "page: 3",
                  .environment = {},
                  .set = {"page=true"},
                  .listen = {}};
  CHECK(error_of(sources) == "f.yaml:1:7: page: must be true or false, not \"3\"");
}

TEST_CASE("config: a default that a flag changes reaches the rules of the file") {
  Sources sources{.file_name = "f.yaml",
                  .file_text = "topics: [{match: a}]",
                  .environment = {},
                  .set = {"history.events=7"},
                  .listen = {}};
  CHECK(loaded_from(sources).config.server.policies.rules[0].policy.events == 7);
}

TEST_CASE("config: every scalar key is a variable and a flag") {
  Config defaults;
  for (const std::string& key : scalar_keys()) {
    CAPTURE(key);
    std::string variable = "RINGCAST_";
    for (const char c : key) {
      variable += c == '.' ? '_' : static_cast<char>(std::toupper(c));
    }
    CHECK(
        error_of(with_variable(variable, "[]")).starts_with(variable + ": " + key + ": must be "));
    CHECK(flag_error(key + "=[]").starts_with("--set " + key + ": must be "));
  }
}

TEST_CASE("config: a whole map or list can be set") {
  const Config config =
      loaded_from(with_flag("topics=[{match: \"a/**\", lagged: disconnect}]")).config;
  REQUIRE(config.server.policies.rules.size() == 1);
  CHECK(config.server.policies.rules[0].policy.lagged == topics::Lagged::kDisconnect);
  CHECK(loaded_from(with_flag("limits={topics: 5}")).config.server.limits.topics == 5);
  CHECK(loaded_from(with_variable("RINGCAST_LISTEN", "[127.0.0.1:1, unix:/a]"))
            .config.listen.size() == 2);
}

TEST_CASE("config: setting a section leaves its other keys alone") {
  Sources sources{.file_name = "f.yaml",
                  .file_text = kFile,
                  .environment = {},
                  .set = {"limits={topics: 5}"},
                  .listen = {}};
  CHECK(loaded_from(sources).config.server.limits.connections == 2);
}

TEST_CASE("config: a bad flag is named") {
  CHECK(flag_error("page") == "--set page: write --set path.to.key=value");
  CHECK(flag_error("=1") == "--set =1: write --set path.to.key=value");
  CHECK(flag_error("limits.bdoy=1") == "--set limits.bdoy: unknown key; did you mean limits.body?");
  CHECK(flag_error("body=1") == "--set body: unknown key; did you mean limits.body?");
  CHECK(flag_error("limits.body=200MiB") ==
        "--set limits.body: 200MiB must be at most a quarter of memory (512MiB)");
  CHECK(flag_error("limits.body.x=1") ==
        "--set limits.body.x: limits.body: must be a size from 1KiB to 1GiB, not a map");
  CHECK(flag_error("page=[").starts_with("--set page: "));
  CHECK(flag_error("a..b=1").starts_with("--set a..b: a: unknown key"));
}

TEST_CASE("config: an unknown variable only warns") {
  const Loaded loaded = loaded_from(with_variable("RINGCAST_LIMITS_BDY", "1"));
  CHECK(loaded.config == Config());
  CHECK(loaded.warnings ==
        std::vector<std::string>{"RINGCAST_LIMITS_BDY is no setting; did you mean "
                                 "RINGCAST_LIMITS_BODY?"});
  const Loaded orchestrated =
      loaded_from(with_variable("RINGCAST_SERVICE_HOST_IP_ADDRESS", "10.0.0.1"));
  CHECK(orchestrated.warnings ==
        std::vector<std::string>{"RINGCAST_SERVICE_HOST_IP_ADDRESS is no setting"});
}

TEST_CASE("config: a variable for a section says how its keys are set") {
  CHECK(loaded_from(with_variable("RINGCAST_LIMITS", "{body: 2MiB}")).warnings ==
        std::vector<std::string>{"RINGCAST_LIMITS is no setting: limits is a section; set "
                                 "RINGCAST_LIMITS_CONNECTIONS and the like"});
  CHECK(loaded_from(with_variable("RINGCAST_JOURNAL_RETAIN", "{}")).warnings ==
        std::vector<std::string>{"RINGCAST_JOURNAL_RETAIN is no setting: journal.retain is a "
                                 "section; set RINGCAST_JOURNAL_RETAIN_BYTES and the like"});
}

TEST_CASE("config: variables that belong to others are left alone") {
  Sources sources;
  for (const char* name :
       {"RINGCAST_URL", "RINGCAST_TOKEN", "RINGCAST_CACERT", "RINGCAST_CONFIG", "HOME"}) {
    sources.environment[name] = "x";
  }
  CHECK(loaded_from(sources).warnings.empty());
}

TEST_CASE("config: a bad value in a variable names the variable") {
  CHECK(error_of(with_variable("RINGCAST_LIMITS_BODY", "1XB")) ==
        "RINGCAST_LIMITS_BODY: limits.body: must be a size from 1KiB to 1GiB in B, KiB, MiB, GiB, "
        "kB, MB or GB, not \"1XB\"");
  CHECK(error_of(with_variable("RINGCAST_PAGE", "")) ==
        "RINGCAST_PAGE: page: must be true or false, not nothing");
}

TEST_CASE("config: the listen flag replaces all other listeners") {
  Sources sources{.file_name = "f.yaml",
                  .file_text = "listen: 127.0.0.1:1",
                  .environment = {{"RINGCAST_LISTEN", "127.0.0.1:2"}},
                  .set = {"listen=127.0.0.1:3"},
                  .listen = {"[::1]:4", "unix:/a"}};
  const Config config = loaded_from(sources).config;
  REQUIRE(config.listen.size() == 2);
  CHECK(config.listen[0].address.text() == "[::1]:4");
  CHECK(config.listen[1].address.text() == "unix:/a");
}

TEST_CASE("config: a bad listen flag is named") {
  Sources sources;
  sources.listen = {"host:1"};
  CHECK(error_of(sources) ==
        "--listen: listen[0]: \"host:1\": not a numeric address: host (names other than localhost "
        "are not looked up)");
}

}  // namespace
}  // namespace ringcast::config::config_sources_test
