#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "topics/pattern_index.h"
#include "unit/topics_reference_matcher.h"

namespace ringcast::topics::topics_pattern_index_test {
namespace {

constexpr std::string_view kPatterns[] = {"*",       "**",     "a/*",   "a/**", "*/b",
                                          "*/*",     "a/*/c",  "*/**",  "/**",  "a//*",
                                          "$sys/**", "$sys/*", "a/*/**"};
constexpr std::string_view kNames[] = {"a",       "b",   "a/b",  "a/b/c", "a/",     "/",
                                       "/a",      "a//", "a//b", "$sys",  "$sys/a", "$sys/a/b",
                                       "a/b/c/d", "ab",  "b/b",  "a/$sys"};

std::vector<std::string> matches_in(const PatternIndex<std::string>& index, std::string_view name) {
  std::vector<std::string> found;
  index.each_match(name, [&](const std::string& pattern) { found.push_back(pattern); });
  std::sort(found.begin(), found.end());
  return found;
}

TEST_CASE("topics: the pattern index finds each pattern that matches, once") {
  PatternIndex<std::string> index;
  for (const std::string_view pattern : kPatterns) {
    index[pattern] = pattern;
  }
  for (const std::string_view name : kNames) {
    CAPTURE(name);
    std::vector<std::string> expected;
    for (const std::string_view pattern : kPatterns) {
      if (reference_matches(pattern, name)) {
        expected.emplace_back(pattern);
      }
    }
    std::sort(expected.begin(), expected.end());
    CHECK(matches_in(index, name) == expected);
  }
}

TEST_CASE("topics: the pattern index forgets one pattern and keeps the others") {
  for (const std::string_view gone : kPatterns) {
    CAPTURE(gone);
    PatternIndex<std::string> index;
    for (const std::string_view pattern : kPatterns) {
      index[pattern] = pattern;
    }
    index.erase(gone);
    for (const std::string_view name : kNames) {
      const auto found = matches_in(index, name);
      CHECK(std::count(found.begin(), found.end(), gone) == 0);
      const auto left =
          std::count_if(std::begin(kPatterns), std::end(kPatterns), [&](std::string_view pattern) {
            return pattern != gone && reference_matches(pattern, name);
          });
      CHECK(static_cast<long>(found.size()) == left);
    }
  }
}

TEST_CASE("topics: the pattern index is empty when all patterns have gone") {
  PatternIndex<std::string> index;
  CHECK(index.empty());
  for (const std::string_view pattern : kPatterns) {
    index[pattern] = pattern;
  }
  index.erase("not/in/*");
  index.erase("a/*/c/*");
  for (const std::string_view pattern : kPatterns) {
    CHECK_FALSE(index.empty());
    index.erase(pattern);
  }
  CHECK(index.empty());
}

TEST_CASE("topics: the pattern index forgets whatever it was given") {
  PatternIndex<std::string> index;
  for (const std::string_view odd : {"a/x**", "***", "**/", "a/**/b", "", "/"}) {
    CAPTURE(odd);
    index[odd] = odd;
    index.erase(odd);
    CHECK(index.empty());
  }
}

TEST_CASE("topics: an entry of the pattern index keeps its address") {
  PatternIndex<int> index;
  int* const entry = &index["a/*"];
  *entry = 7;
  for (const std::string_view pattern : kPatterns) {
    index[pattern];
  }
  index.erase("a/**");
  CHECK(&index["a/*"] == entry);
  CHECK(*entry == 7);
}

}  // namespace
}  // namespace ringcast::topics::topics_pattern_index_test
