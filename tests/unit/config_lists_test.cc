#include <doctest/doctest.h>

#include <string>

#include "support/config_text.h"

namespace ringcast::config::config_lists_test {
namespace {

TEST_CASE("config: listeners are read in every form") {
  const Config config = config_of(
      "listen:\n  - tcp: 127.0.0.1:8080\n  - tcp: \"[::1]:8080\"\n  - localhost:9000\n"
      "  - {unix: /run/a.sock, mode: 0600}\n  - {unix: /run/b.sock, mode: 0o666}\n"
      "  - unix:/run/c.sock\n");
  REQUIRE(config.listen.size() == 6);
  CHECK(config.listen[0].address.text() == "127.0.0.1:8080");
  CHECK(config.listen[1].address.text() == "[::1]:8080");
  CHECK(config.listen[2].address.text() == "127.0.0.1:9000");
  CHECK(config.listen[3].address.text() == "unix:/run/a.sock");
  CHECK(config.listen[3].address.unix_mode == 0600);
  CHECK(config.listen[4].address.unix_mode == 0666);
  CHECK(config.listen[5].address.unix_mode == 0660);
}

TEST_CASE("config: a listener of any kind can speak TLS") {
  const Config config = config_of(
      "listen:\n  - {tcp: 127.0.0.1:1, tls: {certificate: c.pem, key: k.pem}}\n"
      "  - {tls: {key: k.pem, certificate: c.pem, minimum: \"1.3\"}, unix: /a, mode: 0600}\n"
      "  - {tcp: 127.0.0.1:2, tls: {certificate: c.pem, key: k.pem, minimum: 1.2}}\n"
      "  - 127.0.0.1:3\n");
  using Version = net::TlsOptions::Version;
  const net::TlsOptions files{.certificate = "c.pem", .key = "k.pem"};
  REQUIRE(config.listen.size() == 4);
  CHECK(config.listen[0].tls == files);
  REQUIRE(config.listen[1].tls);
  CHECK(config.listen[1].tls->minimum == Version::k13);
  CHECK(config.listen[1].address.unix_mode == 0600);
  CHECK(config.listen[2].tls == files);
  CHECK_FALSE(config.listen[3].tls);
  CHECK(config_of(print(config)).listen == config.listen);
}

TEST_CASE("config: bad TLS of a listener is named with its place") {
  CHECK(error_of("listen: [{tcp: 127.0.0.1:1, tls: true}]") ==
        "f.yaml:1:34: listen[0].tls: must be {certificate: FILE, key: FILE}, not \"true\"");
  CHECK(error_of("listen: [{tcp: 127.0.0.1:1, tls: {}}]") ==
        "f.yaml:1:34: listen[0].tls: needs the certificate");
  CHECK(error_of("listen: [{tcp: 127.0.0.1:1, tls: {certificate: c}}]") ==
        "f.yaml:1:34: listen[0].tls: needs the key");
  CHECK(error_of("listen: [{tcp: 127.0.0.1:1, tls: {certificate: [c], key: k}}]") ==
        "f.yaml:1:48: listen[0].tls.certificate: must be the name of a file, not a list");
  CHECK(error_of("listen: [{tcp: 127.0.0.1:1, tls: {certificate: c, key: k, minimum: 1.1}}]") ==
        "f.yaml:1:68: listen[0].tls.minimum: must be \"1.2\" or \"1.3\", not \"1.1\"");
  CHECK(error_of("listen: [{tcp: 127.0.0.1:1, tls: {cert: c, key: k}}]")
            .starts_with("f.yaml:1:35: listen[0].tls: unknown key \"cert\""));
  CHECK(error_of("listen: [{tcp: 127.0.0.1:1, tsl: {}}]") ==
        "f.yaml:1:29: listen[0]: unknown key \"tsl\"; did you mean tls?");
}

TEST_CASE("config: a listener can be what systemd passes by a name") {
  const Config config = config_of(
      "listen: [{systemd: web, serve: [admin]}, {systemd: b, tls: {certificate: c, key: k}}]");
  REQUIRE(config.listen.size() == 2);
  CHECK(config.listen[0].systemd == "web");
  CHECK_FALSE(config.listen[0].serves_public);
  CHECK(config.listen[1].tls);
  CHECK(config_of(print(config)).listen == config.listen);
}

TEST_CASE("config: one listener needs no list") {
  CHECK(config_of("listen: 127.0.0.1:0").listen[0].address.text() == "127.0.0.1:0");
}

TEST_CASE("config: a bad listener is named with its place") {
  CHECK(error_of("listen: []") ==
        "f.yaml:1:9: listen: must be a list of at least one address, not an empty one");
  CHECK(error_of("listen:\n  - {tcp: 127.0.0.1:1, mode: 0600}") ==
        "f.yaml:2:30: listen[0].mode: is for unix sockets");
  CHECK(error_of("listen: [{unix: /a, mode: 0888}]") ==
        "f.yaml:1:27: listen[0].mode: must be octal from 0000 to 0777, not \"0888\"");
  CHECK(error_of("listen: [{unix: /a, mode: 01000}]") ==
        "f.yaml:1:27: listen[0].mode: must be octal from 0000 to 0777, not \"01000\"");
  CHECK(error_of("listen: [{unix: /a, tcp: 127.0.0.1:1}]") ==
        "f.yaml:1:21: listen[0]: one address for each entry: either tcp, unix or systemd");
  CHECK(error_of("listen: [{mode: 0600}]") == "f.yaml:1:10: listen[0]: needs tcp, unix or systemd");
  CHECK(error_of("listen: [{systemd: [a]}]") ==
        "f.yaml:1:20: listen[0].systemd: must be the FileDescriptorName of a .socket unit, not a "
        "list");
  CHECK(error_of("listen: [{systemd: a, mode: 0600}]") ==
        "f.yaml:1:29: listen[0].mode: is for unix sockets");
  CHECK(error_of("listen: [{tcp: unix:/a}]") ==
        "f.yaml:1:16: listen[0].tcp: a unix socket is written {unix: /path}");
  CHECK(error_of("listen: [{tpc: 127.0.0.1:1}]") ==
        "f.yaml:1:11: listen[0]: unknown key \"tpc\"; did you mean tcp?");
  CHECK(error_of("listen: [[a]]") == "f.yaml:1:10: listen[0]: must be an address, not a list");
  CHECK(error_of("listen: [\"*:8080\"]") ==
        "f.yaml:1:10: listen[0]: \"*:8080\": which addresses? Write 0.0.0.0:8080 for all of them "
        "or 127.0.0.1:8080 for this machine only");
}

TEST_CASE("config: the same address twice is an error, however it is spelled") {
  CHECK(error_of("listen: [127.0.0.1:80, localhost:80]") ==
        "f.yaml:1:24: listen[1]: 127.0.0.1:80 is there twice");
  CHECK(error_of("listen: [\"[::1]:80\", \"[0:0::1]:80\"]") ==
        "f.yaml:1:22: listen[1]: [::1]:80 is there twice");
  CHECK(error_of("listen: [{unix: /a}, {unix: /a, mode: 0600}]") ==
        "f.yaml:1:22: listen[1]: unix:/a is there twice");
  CHECK(error_of("listen: [{systemd: a}, {systemd: a}]") ==
        "f.yaml:1:24: listen[1]: \"a\" is there twice");
  CHECK(error_of("listen: [{systemd: a}, {systemd: b}, 127.0.0.1:80]") == "no error");
  CHECK(error_of("listen: [127.0.0.1:0, 127.0.0.1:0]") == "no error");
}

TEST_CASE("config: a listener that others can reach needs somebody who may do something") {
  CHECK(error_of("listen:\n  - tcp: 127.0.0.1:1\n  - tcp: 0.0.0.0:8080\n") ==
        "f.yaml:3:5: listen[1]: 0.0.0.0:8080 can be reached from other machines, but with "
        "auth.anonymous: local and neither auth.tokens nor auth.jwt nothing would be allowed "
        "there: make a token (ringcast token new), or set auth.anonymous to {publish: [...], "
        "subscribe: [...]} with what anybody may do, or listen on 127.0.0.1");
  CHECK(error_of("{listen: \"[::]:8080\", auth: {anonymous: none}}")
            .starts_with("f.yaml:1:10: listen: [::]:8080 can be reached from other machines, but "
                         "with auth.anonymous: none and neither auth.tokens nor auth.jwt nothing"));
  CHECK(error_of("{listen: 0.0.0.0:8080, auth: {anonymous: {subscribe: [\"**\"]}}}") == "no error");
  CHECK(error_of("{listen: unix:/a, auth: {anonymous: none}}") == "no error");
}

TEST_CASE("config: a rule for topics starts from the default history") {
  const Config config = config_of(
      "topics:\n  - {match: \"a/**\", history: {events: 5}, lagged: disconnect}\n  - match: b\n"
      "history: {age: 2h}\n");
  const auto& rules = config.server.policies.rules;
  REQUIRE(rules.size() == 2);
  CHECK(rules[0].match == "a/**");
  CHECK(rules[0].policy.events == 5);
  CHECK(rules[0].policy.age_ms == 7'200'000);
  CHECK(rules[0].policy.lagged == topics::Lagged::kDisconnect);
  CHECK(rules[1].policy == config.server.policies.fallback);
}

TEST_CASE("config: a bad rule is named with its place") {
  CHECK(error_of("topics: {a: b}") == "f.yaml:1:9: topics: must be a list of rules, not a map");
  CHECK(error_of("topics: [a]") == "f.yaml:1:10: topics[0]: must be a map with match, not \"a\"");
  CHECK(error_of("topics:\n  - lagged: skip\n") ==
        "f.yaml:2:5: topics[0]: needs match, the pattern of the topics that it is for");
  CHECK(error_of("topics: [{match: a*b}]").starts_with("f.yaml:1:18: topics[0].match: \"a*b\": "));
  CHECK(error_of("topics: [{match: a, history: {evnets: 1}}]") ==
        "f.yaml:1:31: topics[0].history.evnets: unknown key; did you mean history.events?");
  CHECK(error_of("topics: [{match: a, retain: 1}]") ==
        "f.yaml:1:29: topics[0].retain: must be a map of keys, not \"1\"");
  CHECK(error_of("topics: [{match: a, journal: {retain: {age: 1d}}}]")
            .starts_with("f.yaml:1:21: topics[0].journal: unknown key; "));
  CHECK(error_of("topics: [{match: a}, {match: b, history: {keep: -1}}]") ==
        "f.yaml:1:49: topics[1].history.keep: must be a whole number from 0 to 10000000, not "
        "\"-1\"");
}

TEST_CASE("config: a rule that can never apply is an error") {
  CHECK(error_of("topics: [{match: a}, {match: a}]") ==
        "f.yaml:1:22: topics[1].match: \"a\" is there already: the first match wins, so this rule "
        "would never apply");
}

TEST_CASE("config: grants for anonymous users are read") {
  const Config config =
      config_of("auth: {anonymous: {publish: [\"a/*\"], subscribe: [\"**\"], admin: [metrics]}}");
  CHECK(config.auth.anonymous == auth::Options::Anonymous::kGrants);
  CHECK(config.auth.grants.publish == std::vector<std::string>{"a/*"});
  CHECK(config.auth.grants.subscribe == std::vector<std::string>{"**"});
  CHECK(config.auth.grants.admin == std::vector<std::string>{"metrics"});
  CHECK(config_of("auth: {anonymous: none}").auth.anonymous == auth::Options::Anonymous::kNone);
}

TEST_CASE("config: bad grants are named with their place") {
  CHECK(error_of("auth: {anonymous: all}") ==
        "f.yaml:1:19: auth.anonymous: must be local, none or {publish: [...], subscribe: [...], "
        "admin: [...]}, not \"all\"");
  CHECK(error_of("auth: {anonymous: {subscirbe: []}}") ==
        "f.yaml:1:20: auth.anonymous: unknown key \"subscirbe\"; did you mean subscribe?");
  CHECK(error_of("auth: {anonymous: {publish: a}}") ==
        "f.yaml:1:29: auth.anonymous.publish: must be a list, not \"a\"");
  CHECK(error_of("auth: {anonymous: {publish: [[a]]}}") ==
        "f.yaml:1:30: auth.anonymous.publish[0]: must be text, not a list");
  CHECK(error_of("auth: {anonymous: {publish: [a, \"a**\"]}}")
            .starts_with("f.yaml:1:33: auth.anonymous.publish[1]: \"a**\": "));
  CHECK(error_of("auth: {anonymous: {admin: [root]}}") ==
        "f.yaml:1:28: auth.anonymous.admin[0]: \"root\": must be metrics, topics, history or "
        "delete");
}

TEST_CASE("config: origins are taken as browsers send them") {
  for (const char* good : {"*", "https://a.example", "http://localhost:3000", "http://[::1]:3000",
                           "http://[::1]", "capacitor://localhost", "https://a.example:65535"}) {
    CAPTURE(good);
    CHECK(config_of("cors: {origins: [\"" + std::string(good) + "\"]}").server.cors_origins[0] ==
          good);
  }
  for (const char* bad :
       {"a.example", "null", "https://a.example/", "https://A.example", "https://a.example:443",
        "http://a.example:80", "https://*.a.example", "https://", "https://a.example:0",
        "https://a.example:65536", "://a", "https://u@a.example", "https://a.example:", ""}) {
    CAPTURE(bad);
    CHECK(error_of("cors: {origins: [\"" + std::string(bad) + "\"]}")
              .starts_with("f.yaml:1:18: cors.origins[0]: "));
  }
}

TEST_CASE("config: any origin stands alone") {
  CHECK(error_of("cors: {origins: [\"*\", \"https://a.example\"]}") ==
        "f.yaml:1:17: cors.origins: \"*\" stands alone: every origin is in it");
}

}  // namespace
}  // namespace ringcast::config::config_lists_test
