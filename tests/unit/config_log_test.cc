#include <doctest/doctest.h>

#include <string>

#include "support/config_text.h"

namespace ringcast::config::config_log_test {
namespace {

using Level = LogOptions::Level;

TEST_CASE("config: a module's own level goes before log.level, up or down") {
  const LogOptions log = config_of("log: {levels: {access: error, journal: debug}}").log;
  CHECK_FALSE(log.writes("access", Level::kWarn));
  CHECK(log.writes("access", Level::kError));
  CHECK(log.writes("journal", Level::kDebug));
  CHECK_FALSE(log.writes("daemon", Level::kDebug));
  CHECK(log.writes("daemon", Level::kInfo));
}

TEST_CASE("config: log.levels is read back as it is printed") {
  const Config config = config_of("log: {levels: {tls: warn, net: info}, access: all}");
  CHECK(print(config).find("  levels: {net: info, tls: warn}\n  access: all\n") !=
        std::string::npos);
  CHECK(config_of(print(config)) == config);
}

TEST_CASE("config: an unknown module is an error that has the known ones") {
  CHECK(error_of("log: {levels: {acess: warn}}") ==
        "f.yaml:1:16: log.levels: unknown module \"acess\"; known: daemon, access, auth, journal, "
        "net, tls, webhooks");
}

TEST_CASE("config: what is no level or no map of them is an error") {
  CHECK(error_of("log: {levels: {access: loud}}") ==
        "f.yaml:1:24: log.levels.access: must be debug, info, warn or error, not \"loud\"");
  CHECK(error_of("log: {levels: {access: [info]}}") ==
        "f.yaml:1:24: log.levels.access: must be debug, info, warn or error, not a list");
  CHECK(error_of("log: {levels: info}") ==
        "f.yaml:1:15: log.levels: must be a map as in {access: warn, journal: debug}, not "
        "\"info\"");
}

TEST_CASE("config: log.access is refused, all or none") {
  CHECK(Config().server.access_lines == server::AccessLines::kRefused);
  CHECK(config_of("log: {access: refused}").server.access_lines == server::AccessLines::kRefused);
  CHECK(config_of("log: {access: all}").server.access_lines == server::AccessLines::kAll);
  CHECK(config_of("log: {access: none}").server.access_lines == server::AccessLines::kNone);
  CHECK(error_of("log: {access: some}") ==
        "f.yaml:1:15: log.access: must be refused, all or none, not \"some\"");
}

}  // namespace
}  // namespace ringcast::config::config_log_test
