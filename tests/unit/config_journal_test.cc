#include <doctest/doctest.h>

#include <string>

#include "support/config_text.h"

namespace ringcast::config::config_journal_test {
namespace {

TEST_CASE("config: all of the journal is read") {
  const Config config = config_of(
      "journal:\n  {path: /var/lib/x, sync: interval, interval: 50ms, pending: 1MiB, retain: "
      "{bytes: 2GiB, age: 0, topic_bytes: 3MiB, topic_events: 4}}\n");
  CHECK(config.journal == journal::Options{.path = "/var/lib/x",
                                           .sync = journal::Sync::kInterval,
                                           .interval_ms = 50,
                                           .pending_bytes = 1 << 20,
                                           .max_bytes = 2ULL << 30});
  CHECK(config.server.policies.fallback.retain ==
        topics::Retain{.events = 4, .bytes = 3 << 20, .age_ms = 0});
}

TEST_CASE("config: without a word about it there is no journal") {
  CHECK(Config().journal.path.empty());
  CHECK(config_of("journal: {path: \"\"}") == Config());
}

TEST_CASE("config: off needs no quotes") {
  CHECK(config_of("journal: {sync: off}").journal.sync == journal::Sync::kOff);
  CHECK(config_of("journal: {sync: \"off\"}").journal.sync == journal::Sync::kOff);
  CHECK(error_of("journal: {sync: no}") ==
        "f.yaml:1:17: journal.sync: must be always, interval or off, not \"no\"");
}

TEST_CASE("config: the directory of the journal is any text without a zero byte") {
  CHECK(config_of("journal: {path: off}").journal.path == "off");
  CHECK(config_of("journal: {path: 5}").journal.path == "5");
  CHECK(error_of("journal: {path: }") ==
        "f.yaml:1:11: journal.path: must be a directory or \"\", not nothing");
  CHECK(error_of("journal: {path: [/a]}") ==
        "f.yaml:1:17: journal.path: must be a directory or \"\", not a list");
  CHECK(error_of("journal: {path: \"/a\\0b\"}") ==
        "f.yaml:1:17: journal.path: must be a directory or \"\", not \"/a\\u0000b\"");
}

TEST_CASE("config: the journal can be set by variables") {
  Sources sources;
  sources.environment = {{"RINGCAST_JOURNAL_PATH", "/a"},
                         {"RINGCAST_JOURNAL_SYNC", "off"},
                         {"RINGCAST_JOURNAL_RETAIN_TOPIC_EVENTS", "7"}};
  const auto loaded = load(sources);
  REQUIRE_MESSAGE(loaded, loaded.error().detail);
  CHECK(loaded->warnings.empty());
  CHECK(loaded->config.journal.path == "/a");
  CHECK(loaded->config.journal.sync == journal::Sync::kOff);
  CHECK(loaded->config.server.policies.fallback.retain.events == 7);
}

TEST_CASE("config: a rule keeps on disk what it says, and else what the journal says") {
  const Config config = config_of(
      "topics:\n  - {match: a, retain: {age: 30d, bytes: 1GiB, events: 1000}}\n"
      "  - {match: b, retain: {age: 0}}\n  - match: c\n"
      "journal: {retain: {age: 1d, topic_bytes: 1MiB, topic_events: 5}}\n");
  const auto& rules = config.server.policies.rules;
  REQUIRE(rules.size() == 3);
  CHECK(rules[0].policy.retain ==
        topics::Retain{.events = 1000, .bytes = 1 << 30, .age_ms = 2'592'000'000});
  CHECK(rules[1].policy.retain == topics::Retain{.events = 5, .bytes = 1 << 20, .age_ms = 0});
  CHECK(rules[2].policy == config.server.policies.fallback);
  CHECK(config_of(print(config)) == config);
}

TEST_CASE("config: the journal is printed section by section") {
  const std::string text = print(config_of(
      "journal: {path: /a, sync: off}\ntopics: [{match: a, retain: {age: 30d, events: 9}}]\n"));
  CHECK(text.find("\njournal:\n  path: \"/a\"\n  sync: off\n  interval: 1s\n  pending: 64MiB\n"
                  "  retain:\n    bytes: 1GiB\n    age: 7d\n    topic_bytes: 0\n"
                  "    topic_events: 0\ntopics:\n  - match: \"a\"\n    history:\n") !=
        std::string::npos);
  CHECK(text.find("\n    lagged: skip\n    retain:\n      age: 30d\n      bytes: 0\n"
                  "      events: 9\nmemory: 512MiB\n") != std::string::npos);
}

TEST_CASE("config: a body must fit sixteen times into the journal, if there is one") {
  CHECK(error_of("journal: {path: /a, retain: {bytes: 16MiB}}\nlimits: {body: 1048575}") ==
        "no error");
  CHECK(error_of("journal: {path: /a, retain: {bytes: 16MiB}}\nlimits: {body: 1MiB}") ==
        "no error");
  CHECK(error_of("journal: {path: /a, retain: {bytes: 16MiB}}\nlimits: {body: 1048577}") ==
        "f.yaml:2:16: limits.body: 1048577 must be at most a sixteenth of "
        "journal.retain.bytes (16MiB)");
  CHECK(error_of("{journal: {retain: {bytes: 16MiB}}, limits: {body: 2MiB}}") == "no error");
}

TEST_CASE("config: what waits for the journal must fit into the memory, if there is one") {
  CHECK(error_of("journal: {path: /a, pending: 8388607}\nmemory: 8MiB") == "no error");
  CHECK(error_of("journal: {path: /a, pending: 8MiB}\nmemory: 8MiB") == "no error");
  CHECK(error_of("journal: {path: /a, pending: 8388609}\nmemory: 8MiB") ==
        "f.yaml:1:30: journal.pending: 8388609 must be at most memory (8MiB)");
  CHECK(error_of("journal: {path: /a}\nmemory: 63MiB") ==
        "f.yaml:2:9: memory: journal.pending (64MiB) must be at most 63MiB");
  CHECK(error_of("memory: 8MiB") == "no error");
}

}  // namespace
}  // namespace ringcast::config::config_journal_test
