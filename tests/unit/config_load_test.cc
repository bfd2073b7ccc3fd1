#include <doctest/doctest.h>

#include <string>

#include "support/config_text.h"

namespace ringcast::config::config_load_test {
namespace {

TEST_CASE("config: an empty file is the defaults") {
  CHECK(config_of("") == Config());
  CHECK(config_of("# nothing\n") == Config());
  CHECK(config_of("{}") == Config());
  CHECK(config_of("---\n...\n") == Config());
}

TEST_CASE("config: the defaults listen on this machine only") {
  const Config config;
  REQUIRE(config.listen.size() == 1);
  CHECK(config.listen[0].address.text() == "127.0.0.1:8080");
}

TEST_CASE("config: a section whose keys are all commented out is empty") {
  CHECK(config_of("limits:\n  # body: 1MiB\ntopics:\n") == Config());
}

TEST_CASE("config: every kind of value is read") {
  const Config config = config_of(
      "workers: 4\nhistory: {events: 0, bytes: 2MB, age: 0}\npage: false\n"
      "lagged: disconnect\nlog: {level: warn, format: json}\n");
  CHECK(config.workers == 4);
  CHECK(config.server.policies.fallback.events == 0);
  CHECK(config.server.policies.fallback.bytes == 2'000'000);
  CHECK(config.server.policies.fallback.age_ms == 0);
  CHECK(config.server.policies.fallback.lagged == topics::Lagged::kDisconnect);
  CHECK_FALSE(config.server.page);
  CHECK(config.log == LogOptions{LogOptions::Level::kWarn, LogOptions::Format::kJson});
}

TEST_CASE("config: anchors and aliases work") {
  const Config config = config_of("history: {age: &t 5m, grace: *t}\n");
  CHECK(config.server.policies.fallback.age_ms == 300'000);
  CHECK(config.server.policies.fallback.grace_ms == 300'000);
}

TEST_CASE("config: an unknown key names the nearest one") {
  CHECK(error_of("limits:\n  bdoy: 1MiB\n") ==
        "f.yaml:2:3: limits.bdoy: unknown key; did you mean limits.body?");
  CHECK(error_of("memroy: 1MiB") == "f.yaml:1:1: memroy: unknown key; did you mean memory?");
}

TEST_CASE("config: a key in the wrong section names the right one") {
  CHECK(error_of("heartbeat: 15s") ==
        "f.yaml:1:1: heartbeat: unknown key; did you mean stream.heartbeat?");
}

TEST_CASE("config: an unknown key that is near to nothing lists what there is") {
  CHECK(error_of("log: {zzzzzzzz: 1}") ==
        "f.yaml:1:7: log.zzzzzzzz: unknown key; known here: access, format, level, levels");
}

TEST_CASE("config: keys of features that do not exist are unknown") {
  CHECK(error_of("cluster: {enabled: true}").starts_with("f.yaml:1:1: cluster: unknown key;"));
}

TEST_CASE("config: a key that is there twice is an error") {
  CHECK(error_of("page: true\nmemory: 1GiB\npage: false\n") ==
        "f.yaml:3:1: the key \"page\" is there twice");
  CHECK(error_of("log: {level: info, level: warn}") ==
        "f.yaml:1:20: the key \"level\" is there twice");
}

TEST_CASE("config: a wrong type is named") {
  CHECK(error_of("page: 1") == "f.yaml:1:7: page: must be true or false, not \"1\"");
  CHECK(error_of("page: \"true\"") == "f.yaml:1:7: page: must be true or false, not \"true\"");
  CHECK(error_of("limits: 5") == "f.yaml:1:9: limits: must be a map of keys, not \"5\"");
  CHECK(error_of("memory: [1GiB]") ==
        "f.yaml:1:9: memory: must be a size from 1MiB to 16384GiB, not a list");
  CHECK(error_of("drain: {a: b}") == "f.yaml:1:8: drain: must be a time from 0 to 1h, not a map");
  CHECK(error_of("- page") == "f.yaml:1:1: settings: must be a map of keys, not a list");
  CHECK(error_of("workers: \"4\"") ==
        "f.yaml:1:10: workers: must be auto or a whole number from 1 to 63, not \"4\"");
}

TEST_CASE("config: a key without a value is an error at the key") {
  CHECK(error_of("page:\n\n\nmemory: 1GiB\n") ==
        "f.yaml:1:1: page: must be true or false, not nothing");
}

TEST_CASE("config: a bad choice lists the choices") {
  CHECK(error_of("log: {level: loud}") ==
        "f.yaml:1:14: log.level: must be debug, info, warn or error, not \"loud\"");
}

TEST_CASE("config: a time without a unit names the units") {
  CHECK(error_of("limits:\n  head_time: 10\n") ==
        "f.yaml:2:14: limits.head_time: must be a time from 100ms to 1h with a unit (ms, s, m, h "
        "or d), not \"10\"");
}

TEST_CASE("config: an unknown unit of a size names the units") {
  CHECK(error_of("memory: 512Mb") ==
        "f.yaml:1:9: memory: must be a size from 1MiB to 16384GiB in B, KiB, MiB, GiB, kB, MB or "
        "GB, not \"512Mb\"");
}

TEST_CASE("config: YAML that is broken is an error with its place") {
  CHECK(error_of("page: [true").starts_with("f.yaml:1:"));
  CHECK(error_of("a: b: c").starts_with("f.yaml:1:5: "));
  CHECK(error_of("page: true\n---\npage: false\n") == "f.yaml:2:1: more than one document");
  CHECK(error_of("page: !!bool true") ==
        "f.yaml:1:7: tags have no meaning here: tag:yaml.org,2002:bool");
  CHECK(error_of("? [a]\n: b\n") == "f.yaml:1:3: a key must be a name, not a list");
  CHECK(error_of("page: \xff") == "f.yaml: not UTF-8 text");
  CHECK(error_of(std::string("page: true\0", 11)) == "f.yaml: not UTF-8 text");
}

TEST_CASE("config: a pattern that lacks its quotes gets a hint") {
  CHECK(
      error_of("topics:\n  - match: **\n").ends_with("(what begins with * needs quotes: \"**\")"));
  CHECK(error_of("cors: {origins: [*]}").ends_with("(what begins with * needs quotes: \"**\")"));
}

TEST_CASE("config: an IPv6 address that lacks its quotes gets a hint") {
  CHECK(error_of("listen:\n  - tcp: [::1]:8080\n")
            .ends_with("(an IPv6 address needs quotes: \"[::1]:8080\")"));
}

TEST_CASE("config: a line that begins with a tab gets a hint") {
  CHECK(error_of("limits:\n\tbody: 1MiB\n").ends_with("(YAML is indented by blanks, not tabs)"));
  CHECK(error_of("limits:\n  topics: 5\n \tbody: 1MiB\n")
            .ends_with("(YAML is indented by blanks, not tabs)"));
}

TEST_CASE("config: a number in quotes gets a hint, other text in quotes does not") {
  CHECK(error_of("limits: {connections: \"5\"}") ==
        "f.yaml:1:23: limits.connections: must be a whole number from 1 to 10000000, not \"5\" "
        "(numbers are not quoted)");
  CHECK(error_of("limits: {connections: \"many\"}").ends_with(", not \"many\""));
}

TEST_CASE("config: aliases that unfold without end are refused") {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    const std::string name = "a" + std::to_string(i);
    text += name + ": &" + name + " [" + last;
    for (int j = 0; j < 9; ++j) {
      text += ", " + last;
    }
    text += "]\n";
  }
  CHECK(error_of(text).ends_with("too many values"));
  CHECK(error_of("a: &a [*a]").ends_with("an anchor that contains itself"));
}

TEST_CASE("config: nesting without end is refused") {
  CHECK(error_of(std::string(100'000, '[')).starts_with("f.yaml:1:"));
}

TEST_CASE("config: a file over 1 MiB is refused") {
  const std::string at_limit = "#" + std::string((1 << 20) - 1, ' ');
  CHECK(error_of(at_limit) == "no error");
  CHECK(error_of(at_limit + " ") == "f.yaml: larger than 1 MiB");
}

TEST_CASE("config: a long value is cut in the message") {
  const std::string detail = error_of("page: " + std::string(59, 'a') + "\xC3\xA4\xC3\xA4");
  CHECK(detail ==
        "f.yaml:1:7: page: must be true or false, not \"" + std::string(59, 'a') + "...\"");
}

TEST_CASE("config: a body must fit four times into the memory") {
  CHECK(config_of("{memory: 4MiB, limits: {body: 1MiB}}").server.limits.body_bytes == 1 << 20);
  CHECK(error_of("memory: 4MiB\nlimits: {body: 1048577}") ==
        "f.yaml:2:16: limits.body: 1048577 must be at most a quarter of memory (4MiB)");
  CHECK(error_of("memory: 2MiB") ==
        "f.yaml:1:9: memory: limits.body (1MiB) must be at most a quarter of 2MiB");
}

}  // namespace
}  // namespace ringcast::config::config_load_test
