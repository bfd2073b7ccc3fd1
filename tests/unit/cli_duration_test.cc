#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "cli/duration.h"

namespace ringcast::cli::cli_duration_test {

TEST_CASE("cli: a time has a unit, seconds when it is left out") {
  CHECK(*parse_duration_ms("0") == 0);
  CHECK(*parse_duration_ms("5") == 5'000);
  CHECK(*parse_duration_ms("250ms") == 250);
  CHECK(*parse_duration_ms("5s") == 5'000);
  CHECK(*parse_duration_ms("2m") == 120'000);
  CHECK(*parse_duration_ms("1h") == 3'600'000);
  CHECK(*parse_duration_ms("7d") == 604'800'000);
}

TEST_CASE("cli: what is no time is refused and named") {
  for (const std::string_view wrong :
       {"", "s", "-1s", "1.5s", "5 s", "5S", "5sec", "1h30m", "+1", "99999999999999999999"}) {
    const auto parsed = parse_duration_ms(wrong);
    REQUIRE_FALSE_MESSAGE(parsed, wrong);
    CHECK(parsed.error().detail.find("'" + std::string(wrong) + "'") != std::string::npos);
  }
}

TEST_CASE("cli: ten years are the longest time") {
  CHECK(parse_duration_ms("3659d"));
  CHECK(parse_duration_ms("3660d"));
  CHECK_FALSE(parse_duration_ms("3661d"));
  CHECK(parse_duration_ms("316224000000ms"));
  CHECK_FALSE(parse_duration_ms("316224000001ms"));
}

}  // namespace ringcast::cli::cli_duration_test
