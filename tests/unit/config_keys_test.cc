#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "config/keys.h"
#include "config/units.h"

namespace ringcast::config::config_keys_test {
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

// The key in an entry of `topics`: "retain.age" and "1s" are {match: a, retain: {age: 1s}}.
std::string error_in_rule(const Key& key, const std::string& value) {
  const size_t dot = key.path.find('.');
  std::string text(key.path.substr(0, dot));
  text += dot == std::string_view::npos
              ? ": " + value
              : ": {" + std::string(key.path.substr(dot + 1)) + ": " + value + "}";
  Sources sources;
  sources.set = {"topics=[{match: a, " + text + "}]"};
  const auto loaded = load(sources);
  return loaded ? "" : loaded.error().detail;
}

using ErrorWith = std::string(const Key&, const std::string& value);

void check_limits(const Key& key, ErrorWith& error_of, const std::string& below,
                  const std::string& low, const std::string& high, const std::string& above) {
  CAPTURE(key.path);
  if (!below.empty()) {
    CHECK_FALSE(error_of(key, below).empty());
  }
  CHECK(error_of(key, low) == "");
  CHECK(error_of(key, high) == "");
  CHECK_FALSE(error_of(key, above).empty());
}

void check_range(const Key& key, ErrorWith& error_of) {
  if (const auto* count = std::get_if<Count>(&key.kind)) {
    check_limits(key, error_of, count->low == 0 ? "-1" : std::to_string(count->low - 1),
                 std::to_string(count->low), std::to_string(count->high),
                 std::to_string(count->high + 1));
  } else if (const auto* size = std::get_if<Size>(&key.kind)) {
    check_limits(key, error_of, std::to_string(size->low - 1), std::to_string(size->low),
                 std::to_string(size->high), std::to_string(size->high + 1));
    CHECK(error_of(key, "0").empty() == size->or_zero);
  } else if (const auto* time = std::get_if<Time>(&key.kind)) {
    const auto ms = [](int64_t value) { return std::to_string(value) + "ms"; };
    check_limits(key, error_of, time->low_ms == 0 ? "" : ms(time->low_ms - 1), ms(time->low_ms),
                 ms(time->high_ms), ms(time->high_ms + 1));
    CHECK(error_of(key, "0").empty() == (time->or_zero || time->low_ms == 0));
  }
}

TEST_CASE("config: each key takes its range and not one more") {
  for (const Key& key : all_keys()) {
    check_range(key, error_with);
  }
}

TEST_CASE("config: each key of a rule takes its range and not one more") {
  CHECK(rule_keys().size() == 9);
  for (const Key& key : rule_keys()) {
    check_range(key, error_in_rule);
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

TEST_CASE("config: workers are 1 to 63 or auto") {
  for (const auto& [value, is_good] : {std::pair{"0", false},
                                       {"1", true},
                                       {"63", true},
                                       {"64", false},
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
}  // namespace ringcast::config::config_keys_test
