#include <doctest/doctest.h>

#include "cli/journal_stats.h"

namespace ringcast::cli::cli_journal_stats_test {

namespace {

journal::Stats stats_of_two_topics() {
  return {.schema = 1,
          .epoch = "k3f9a0x2mq",
          .sequence = 12,
          .reserved = 4096,
          .is_clean = true,
          .events = 3,
          .topics = 2,
          .oldest_ms = 0,
          .newest_ms = 1,
          .database_bytes = 8192,
          .wal_bytes = 32,
          .used_bytes = 4096,
          .free_bytes = 4096,
          .lost_high = 2,
          .largest = {{"a\nb", 2, 100}, {"c", 1, 5}}};
}

}  // namespace

TEST_CASE("cli: what a journal holds, for people") {
  CHECK(stats_text(stats_of_two_topics()) ==
        "schema          1\n"
        "epoch           k3f9a0x2mq\n"
        "sequence        12\n"
        "reserved        4096\n"
        "lost high       2\n"
        "state           closed\n"
        "events          3\n"
        "topics          2\n"
        "oldest          1970-01-01T00:00:00.000Z\n"
        "newest          1970-01-01T00:00:00.001Z\n"
        "database bytes  8192\n"
        "wal bytes       32\n"
        "used bytes      4096\n"
        "free bytes      4096\n"
        "\n"
        "TOPIC  EVENTS  BYTES\n"
        "a\\nb        2    100\n"
        "c           1      5\n");
}

TEST_CASE("cli: what a journal holds, as JSON") {
  CHECK(stats_json(stats_of_two_topics()) ==
        R"({"schema":1,"epoch":"k3f9a0x2mq","sequence":12,"reserved":4096,"lost_high":2,)"
        R"("clean":true,"in_use":false,"events":3,"topics":2,)"
        R"("oldest":"1970-01-01T00:00:00.000Z","newest":"1970-01-01T00:00:00.001Z",)"
        R"("database_bytes":8192,"wal_bytes":32,"used_bytes":4096,"free_bytes":4096,)"
        R"("largest":[{"name":"a\nb","events":2,"bytes":100},{"name":"c","events":1,"bytes":5}]})"
        "\n");
}

TEST_CASE("cli: an empty journal has no times") {
  const journal::Stats stats{.is_in_use = true};
  CHECK(stats_text(stats).find("oldest          -\n") != std::string::npos);
  CHECK(stats_text(stats).find("state           in use by a daemon\n") != std::string::npos);
  CHECK(stats_json(stats).find(R"("oldest":null,"newest":null)") != std::string::npos);
}

}  // namespace ringcast::cli::cli_journal_stats_test
