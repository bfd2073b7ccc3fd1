#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "topics/name.h"
#include "unit/topics_reference_matcher.h"

namespace ringcast::topics::topics_name_test {
namespace {

using namespace std::literals;

bool is_topic(std::string_view name) {
  const auto status = check_topic(name);
  CHECK((status || (status.error().code == Errc::kInvalid && !status.error().detail.empty())));
  return status.has_value();
}

bool is_pattern(std::string_view pattern) {
  const auto status = check_pattern(pattern);
  CHECK((status || (status.error().code == Errc::kInvalid && !status.error().detail.empty())));
  return status.has_value();
}

// All names of 1 to `max_segments` segments out of `alphabet`, but not the empty one.
std::vector<std::string> names_of(const std::vector<std::string>& alphabet, int max_segments) {
  std::vector<std::string> names;
  std::vector<std::string> level = alphabet;
  for (int segments = 1; segments <= max_segments; ++segments) {
    std::vector<std::string> longer;
    for (const auto& name : level) {
      if (!name.empty()) {
        names.push_back(name);
      }
      for (const auto& segment : alphabet) {
        longer.emplace_back(name).append("/").append(segment);
      }
    }
    level = std::move(longer);
  }
  return names;
}

std::vector<std::string> patterns_of(const std::vector<std::string>& alphabet, int max_segments) {
  std::vector<std::string> patterns = names_of(alphabet, max_segments);
  std::erase_if(patterns, [](const auto& pattern) { return !check_pattern(pattern); });
  return patterns;
}

TEST_CASE("topics: a topic is 1 to 1024 bytes") {
  CHECK_FALSE(is_topic(""));
  CHECK(is_topic("a"));
  CHECK(is_topic(std::string(1023, 'a')));
  CHECK(is_topic(std::string(1024, 'a')));
  CHECK_FALSE(is_topic(std::string(1025, 'a')));
}

TEST_CASE("topics: a topic is valid UTF-8") {
  CHECK(is_topic("caf\u00e9/\u20ac/\U0001F600"));
  CHECK_FALSE(is_topic("a\xff"));
  CHECK_FALSE(is_topic("a\xc2"));
  CHECK_FALSE(is_topic("\xc0\xaf"));
  CHECK_FALSE(is_topic("\xed\xa0\x80"));
}

TEST_CASE("topics: a topic has no control characters") {
  for (char c = 0; c < ' '; ++c) {
    CHECK_FALSE(is_topic("a"s + c));
  }
  CHECK(is_topic("a b"));
  CHECK(is_topic("~"));
  CHECK_FALSE(is_topic("\x7f"));
  CHECK_FALSE(is_topic("a\xc2\x80"));   // U+0080, the first of C1.
  CHECK_FALSE(is_topic("\xc2\x9f z"));  // U+009F, the last.
  CHECK(is_topic("\u00a0"));
  CHECK(is_topic("\u2028"));
}

TEST_CASE("topics: a URL can be a topic, as empty segments are allowed") {
  CHECK(is_topic("https://example.com/books/1?a=b#c"));
  CHECK(is_topic("/"));
  CHECK(is_topic("//"));
  CHECK(is_topic("orders/"));
  CHECK(is_topic("$sys/clients"));
}

TEST_CASE("topics: a topic has no star") {
  CHECK_FALSE(is_topic("*"));
  CHECK_FALSE(is_topic("a/*"));
  CHECK_FALSE(is_topic("a*b"));
}

TEST_CASE("topics: a wildcard is a whole segment of a pattern") {
  for (const auto* pattern : {"a", "*", "**", "a/*", "*/a", "a/*/b", "*/*", "a/**", "*/**", "/**",
                              "$sys/**", "$sys/*", "a//**", "/*/"}) {
    CAPTURE(pattern);
    CHECK(is_pattern(pattern));
  }
  for (const auto* pattern :
       {"a*b", "a*", "*a", "***", "a/b*", "a/***", "$*", "$**", "a**/b", "*\u00e9"}) {
    CAPTURE(pattern);
    CHECK_FALSE(is_pattern(pattern));
  }
}

TEST_CASE("topics: two stars are only the last segment of a pattern") {
  CHECK_FALSE(is_pattern("**/a"));
  CHECK_FALSE(is_pattern("a/**/b"));
  CHECK_FALSE(is_pattern("**/**"));
  CHECK_FALSE(is_pattern("**/"));
}

TEST_CASE("topics: a pattern obeys the rules of a topic otherwise") {
  CHECK_FALSE(is_pattern(""));
  CHECK(is_pattern(std::string(1020, 'a') + "/**"));
  CHECK(is_pattern(std::string(1021, 'a') + "/**"));
  CHECK_FALSE(is_pattern(std::string(1022, 'a') + "/**"));
  CHECK_FALSE(is_pattern("*/\xff"));
  CHECK_FALSE(is_pattern("*/\n"));
  CHECK_FALSE(is_pattern("*/\xc2\x85"));
}

TEST_CASE("topics: the error says which rule is broken") {
  CHECK(check_topic("").error().detail == "a topic must have at least 1 byte");
  CHECK(check_topic("a\n").error().detail == "a topic must not have control characters");
  CHECK(check_pattern("a\xff").error().detail == "a pattern must be valid UTF-8");
  CHECK(check_pattern("**/a").error().detail ==
        "\"**\" is only allowed as the last segment of a pattern");
}

TEST_CASE("topics: a pattern without wildcards matches the same bytes only") {
  CHECK(matches("a/b", "a/b"));
  CHECK_FALSE(matches("a/b", "a/B"));
  CHECK_FALSE(matches("a/b", "a"));
  CHECK_FALSE(matches("a/b", "a/b/"));
  CHECK_FALSE(matches("a", "a/b"));
  CHECK_FALSE(matches("\u00e9", "e\u0301"));  // Nothing is normalised.
}

TEST_CASE("topics: one star is exactly one segment, also an empty one") {
  CHECK(matches("*", "a"));
  CHECK(matches("a/*", "a/b"));
  CHECK(matches("a/*", "a/"));
  CHECK(matches("*/b", "/b"));
  CHECK(matches("a/*/c", "a//c"));
  CHECK_FALSE(matches("a/*", "a"));
  CHECK_FALSE(matches("a/*", "a/b/c"));
  CHECK_FALSE(matches("*", "a/b"));
}

TEST_CASE("topics: two stars are zero or more segments") {
  CHECK(matches("orders/**", "orders"));
  CHECK(matches("orders/**", "orders/"));
  CHECK(matches("orders/**", "orders/a/b"));
  CHECK_FALSE(matches("orders/**", "ordersx"));
  CHECK_FALSE(matches("orders/**", "order"));
  CHECK(matches("**", "a"));
  CHECK(matches("**", "/"));
  CHECK(matches("**", "https://example.com/a"));
  CHECK(matches("*/**", "a"));
  CHECK_FALSE(matches("a/*/**", "a"));
  CHECK(matches("/**", "/a"));
  CHECK_FALSE(matches("/**", "a"));
}

TEST_CASE("topics: a wildcard as the first segment leaves the broker's names out") {
  CHECK_FALSE(matches("**", "$sys"));
  CHECK_FALSE(matches("**", "$sys/clients"));
  CHECK_FALSE(matches("*", "$sys"));
  CHECK_FALSE(matches("*/clients", "$sys/clients"));
  CHECK_FALSE(matches("*/**", "$sys/clients"));
  CHECK(matches("$sys/**", "$sys"));
  CHECK(matches("$sys/**", "$sys/clients"));
  CHECK(matches("$sys/*", "$sys/clients"));
  CHECK(matches("$sys", "$sys"));
  CHECK(matches("**", "a/$sys"));
  CHECK(matches("a/*", "a/$sys"));
}

TEST_CASE("topics: matching agrees with the plainest matcher for all short names") {
  const auto topics = names_of({"", "a", "b", "$x"}, 4);
  for (const auto& pattern : patterns_of({"", "a", "$x", "*", "**"}, 3)) {
    for (const auto& topic : topics) {
      if (matches(pattern, topic) != reference_matches(pattern, topic)) {
        FAIL_CHECK(pattern << " and " << topic);
      }
    }
  }
}

TEST_CASE("topics: matching agrees with the plainest matcher for random names") {
  std::mt19937 random(20260104);
  static constexpr std::string_view kSegments[] = {"*", "a", "b", "", "ab", "$x"};
  const auto draw = [&](size_t first) {
    std::string name{kSegments[first + random() % (std::size(kSegments) - first)]};
    for (size_t i = random() % 6; i > 0; --i) {
      name.append("/").append(kSegments[first + random() % (std::size(kSegments) - first)]);
    }
    return name;
  };
  int matched = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string pattern = draw(0) + (random() % 2 == 0 ? "/**" : "");
    const std::string topic = draw(1);
    if (!check_pattern(pattern) || !check_topic(topic)) {
      continue;
    }
    if (matches(pattern, topic) != reference_matches(pattern, topic)) {
      FAIL_CHECK(pattern << " and " << topic);
    }
    matched += matches(pattern, topic) ? 1 : 0;
  }
  CHECK(matched > 100);  // Else the test would have compared refusals only.
}

TEST_CASE("topics: a pattern covers another exactly when it matches all its topics") {
  // "z" stands for all segments that no pattern names.
  auto topics = names_of({"", "a", "$x", "z"}, 4);
  topics.emplace_back();  // covers() goes by segments, and the empty name is one segment.
  const auto patterns = patterns_of({"", "a", "$x", "*", "**"}, 3);
  // For each pattern, which topics it matches.
  std::vector<std::vector<bool>> matched;
  for (const auto& pattern : patterns) {
    auto& row = matched.emplace_back();
    for (const auto& topic : topics) {
      row.push_back(reference_matches(pattern, topic));
    }
  }
  for (size_t wide = 0; wide < patterns.size(); ++wide) {
    for (size_t narrow = 0; narrow < patterns.size(); ++narrow) {
      bool is_superset = true;
      for (size_t i = 0; i < topics.size() && is_superset; ++i) {
        is_superset = matched[wide][i] || !matched[narrow][i];
      }
      if (covers(patterns[wide], patterns[narrow]) != is_superset) {
        FAIL_CHECK(patterns[wide] << " and " << patterns[narrow]);
      }
    }
  }
}

}  // namespace
}  // namespace ringcast::topics::topics_name_test
