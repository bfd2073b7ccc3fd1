#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "config/keys.h"
#include "config/units.h"

namespace ringcast::config {
namespace {

std::string error_with(const Key& key, const std::string& value) {
  Sources sources;
  sources.set = {std::string(key.path) + "=" + value, "memory=16384GiB"};
  if (key.path == "memory") {
    sources.set = {"memory=" + value, "limits.body=1KiB"};
  }
  const auto loaded = load(sources);
  return loaded ? "" : loaded.error().detail;
}

void check_limits(const Key& key, const std::string& below, const std::string& low,
                  const std::string& high, const std::string& above) {
  CAPTURE(key.path);
  if (!below.empty()) {
    CHECK_FALSE(error_with(key, below).empty());
  }
  CHECK(error_with(key, low) == "");
  CHECK(error_with(key, high) == "");
  CHECK_FALSE(error_with(key, above).empty());
}

TEST_CASE("config: each key takes its range and not one more") {
  for (const Key& key : all_keys()) {
    if (const auto* count = std::get_if<Count>(&key.kind)) {
      check_limits(key, count->low == 0 ? "-1" : std::to_string(count->low - 1),
                   std::to_string(count->low), std::to_string(count->high),
                   std::to_string(count->high + 1));
    } else if (const auto* size = std::get_if<Size>(&key.kind)) {
      check_limits(key, size->low == 0 ? "-1" : std::to_string(size->low - 1),
                   std::to_string(size->low), std::to_string(size->high),
                   std::to_string(size->high + 1));
    } else if (const auto* time = std::get_if<Time>(&key.kind)) {
      const auto ms = [](int64_t value) { return std::to_string(value) + "ms"; };
      check_limits(key, time->low_ms == 0 ? "" : ms(time->low_ms - 1), ms(time->low_ms),
                   ms(time->high_ms), ms(time->high_ms + 1));
      CHECK(error_with(key, "0").empty() == (time->or_zero || time->low_ms == 0));
    }
  }
}

TEST_CASE("config: the ranges of the journal's keys, and of what it keeps") {
  const auto range = [](std::string_view path) {
    for (const Key& key : all_keys()) {
      if (key.path == path) {
        return range_of(key);
      }
    }
    return std::string("no such key");
  };
  CHECK(range("retain.events") == "0 to 1000000000000");
  CHECK(range("retain.bytes") == "0 to 1048576GiB");
  CHECK(range("retain.age") == "0 or 1s to 36500d");
  CHECK(range("journal.path") == "a directory, or empty: none");
  CHECK(range("journal.sync") == "always, interval or off");
  CHECK(range("journal.interval") == "10ms to 1m");
  CHECK(range("journal.pending") == "64KiB to 64GiB");
  CHECK(range("journal.bytes") == "16MiB to 1048576GiB");
}

TEST_CASE("config: a rule for topics takes the same ranges") {
  for (const Key& key : policy_keys()) {
    CAPTURE(key.path);
    const auto error_in_rule = [&](const std::string& value) {
      const size_t dot = key.path.find('.');
      const std::string section(key.path.substr(0, dot));
      const std::string inside =
          dot == std::string_view::npos
              ? section + ": " + value
              : section + ": {" + std::string(key.path.substr(dot + 1)) + ": " + value + "}";
      Sources sources;
      sources.set = {"topics=[{match: a, " + inside + "}]"};
      const auto loaded = load(sources);
      return loaded ? "" : loaded.error().detail;
    };
    const auto check = [&](const std::string& below, const std::string& low,
                           const std::string& high, const std::string& above) {
      CHECK(error_in_rule(below).find("topics[0]." + std::string(key.path) + ": must be ") !=
            std::string::npos);
      CHECK(error_in_rule(low) == "");
      CHECK(error_in_rule(high) == "");
      CHECK(error_in_rule(above).find("topics[0]." + std::string(key.path) + ": must be ") !=
            std::string::npos);
    };
    if (const auto* count = std::get_if<Count>(&key.kind)) {
      REQUIRE(count->low == 0);
      check("-1", "0", std::to_string(count->high), std::to_string(count->high + 1));
    } else if (const auto* size = std::get_if<Size>(&key.kind)) {
      check(size->low == 0 ? "-1" : std::to_string(size->low - 1), std::to_string(size->low),
            std::to_string(size->high), std::to_string(size->high + 1));
    } else if (const auto* time = std::get_if<Time>(&key.kind)) {
      const auto ms = [](int64_t value) { return std::to_string(value) + "ms"; };
      check(ms(time->low_ms - 1), ms(time->low_ms), ms(time->high_ms), ms(time->high_ms + 1));
      CHECK(error_in_rule("0").empty() == (time->or_zero || time->low_ms == 0));
    } else {
      check("never", "skip", "disconnect", "");
    }
  }
}

TEST_CASE("config: no limit takes zero") {
  for (const Key& key : all_keys()) {
    if (key.path.starts_with("limits.")) {
      CAPTURE(key.path);
      CHECK(error_with(key, "0").find("must be") != std::string::npos);
    }
  }
}

TEST_CASE("config: workers are 1 to 64 or auto") {
  for (const auto& [value, is_good] : {std::pair{"0", false},
                                       {"1", true},
                                       {"64", true},
                                       {"65", false},
                                       {"auto", true},
                                       {"many", false}}) {
    Sources sources;
    sources.set = {std::string("workers=") + value};
    CAPTURE(value);
    CHECK(load(sources).has_value() == is_good);
  }
}

TEST_CASE("config: the paths and variables of all keys differ") {
  std::set<std::string> names;
  for (const Key& key : all_keys()) {
    std::string name(key.path);
    std::replace(name.begin(), name.end(), '.', '_');
    CHECK(names.insert(name).second);
  }
}

TEST_CASE("config: sizes are read in all units") {
  CHECK(parse_size("0") == 0);
  CHECK(parse_size("1000") == 1000);
  CHECK(parse_size("7B") == 7);
  CHECK(parse_size("2KiB") == 2048);
  CHECK(parse_size("2MiB") == 2 << 20);
  CHECK(parse_size("2GiB") == 2ULL << 30);
  CHECK(parse_size("2kB") == 2000);
  CHECK(parse_size("2MB") == 2'000'000);
  CHECK(parse_size("2GB") == 2'000'000'000);
  CHECK(parse_size("18446744073709551615") == UINT64_MAX);
  CHECK(parse_size("17179869183GiB") == 17179869183ULL << 30);
  for (const char* bad : {"", "B", "-1", "+1", "1.5MiB", "1 KiB", "1kib", "1KB", "1_000", "0x10",
                          "1e3", "18446744073709551616", "17179869184GiB"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_size(bad));
  }
}

TEST_CASE("config: times are read in all units") {
  CHECK(parse_time("0") == 0);
  CHECK(parse_time("0s") == 0);
  CHECK(parse_time("5ms") == 5);
  CHECK(parse_time("5s") == 5000);
  CHECK(parse_time("5m") == 300'000);
  CHECK(parse_time("5h") == 18'000'000);
  CHECK(parse_time("5d") == 432'000'000);
  for (const char* bad : {"", "5", "s", "-5s", "1.5s", "5 s", "5S", "5min", "1h30m", "00",
                          "9223372036854775808ms", "18446744073709551615d"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_time(bad));
  }
}

TEST_CASE("config: sizes and times are printed in the largest whole unit") {
  CHECK(print_size(0) == "0");
  CHECK(print_size(1000) == "1000");
  CHECK(print_size(1024) == "1KiB");
  CHECK(print_size(1536 << 10) == "1536KiB");
  CHECK(print_size(1ULL << 40) == "1024GiB");
  CHECK(print_time(0) == "0");
  CHECK(print_time(1500) == "1500ms");
  CHECK(print_time(90'000) == "90s");
  CHECK(print_time(86'400'000) == "1d");
}

}  // namespace
}  // namespace ringcast::config
