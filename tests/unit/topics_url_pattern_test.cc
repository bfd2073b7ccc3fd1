#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "topics/url_pattern.h"
#include "unit/topics_matcher_vectors.h"

namespace ringcast::topics::topics_url_pattern_test {
namespace {

Result<UrlPattern> parse(const std::string& text, const std::string& base = "") {
  const std::optional<Url> url = parse_url(base);
  REQUIRE(url.has_value() == !base.empty());
  return UrlPattern::parse(text, url ? &*url : nullptr);
}

bool matches(const std::string& text, const std::string& topic) {
  const auto parsed = parse(text);
  REQUIRE_MESSAGE(parsed, parsed.error().detail);
  return parsed->matches(topic);
}

std::string repeated(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) {
    out += text;
  }
  return out;
}

TEST_CASE("topics: a URL pattern matches what its vectors say") {
  for (const MatcherVector& vector : read_matcher_vectors("url_pattern.json")) {
    CAPTURE(vector.name);
    const auto parsed = parse(vector.matcher, vector.base);
    CHECK(parsed.has_value() == vector.refused.empty());
    if (!parsed) {
      CHECK(parsed.error().code == Errc::kInvalid);
      CHECK_MESSAGE(parsed.error().detail.find(vector.refused) != std::string::npos,
                    parsed.error().detail);
      continue;
    }
    CHECK(parsed->text() == vector.matcher);
    const std::optional<Url> base = parse_url(vector.base);
    for (const std::string& topic : vector.matches) {
      CHECK_MESSAGE(parsed->matches(topic, base ? &*base : nullptr), topic);
    }
    for (const std::string& topic : vector.misses) {
      CHECK_MESSAGE(!parsed->matches(topic, base ? &*base : nullptr), topic);
    }
  }
}

TEST_CASE("topics: a count in a URL pattern is kept to, however long the text is") {
  struct Count {
    std::string text;
    size_t least;
    size_t most;
  };
  for (const Count& count : std::vector<Count>{{"{0,1}", 0, 1},
                                               {"{1}", 1, 1},
                                               {"{3,5}", 3, 5},
                                               {"{63,65}", 63, 65},
                                               {"{64}", 64, 64},
                                               {"{0,130}", 0, 130},
                                               {"{100,227}", 100, 227},
                                               {"{129,}", 129, 1000}}) {
    const std::string pattern = "https://e.com/(b?[ab]" + count.text + "c)";
    const auto parsed = parse(pattern);
    REQUIRE(parsed);
    for (size_t length = 0; length <= 260; ++length) {
      CAPTURE(pattern);
      CAPTURE(length);
      const std::string url = "https://e.com/";
      const bool is_within = count.least <= length && length <= count.most;
      CHECK(parsed->matches(url + std::string(length, 'a') + "c") == is_within);
      const bool is_one_more = count.least <= length && length <= count.most + 1;
      CHECK(parsed->matches(url + repeated("b", length) + "c") == is_one_more);
    }
  }
}

TEST_CASE("topics: what takes long to match says so") {
  const auto effort = [](const std::string& text) { return parse(text)->effort(); };
  CHECK(effort("https://example.com/books/:id") < 40);
  CHECK(effort("https://e.com/(\\d+)") < 2 * 40);
  CHECK(effort("https://e.com/(.{0,4000})x") < 3 * 40);
  CHECK(effort("https://e.com/(" + repeated("[ab]?", 300) + ")") > 200 * 40);
  CHECK(effort("https://e.com/" + repeated("{a}+", 32)) > 25 * 40);
}

TEST_CASE("topics: a URL pattern has at most 4096 bytes") {
  const std::string origin = "https://e.com/";
  CHECK(parse(origin + std::string(4095 - origin.size(), 'x')));
  CHECK(parse(origin + std::string(4096 - origin.size(), 'x')));
  const auto longer = parse(origin + std::string(4097 - origin.size(), 'x'));
  REQUIRE_FALSE(longer);
  CHECK(longer.error().detail == "a URL pattern must have at most 4096 bytes");
}

TEST_CASE("topics: the counts of a URL pattern are at most 4096 together") {
  CHECK(parse("https://e.com/(\\d{4000})(\\d{95})"));
  CHECK(parse("https://e.com/(\\d{4000})(\\d{96})"));
  CHECK_FALSE(parse("https://e.com/(\\d{4000})(\\d{97})"));
  CHECK_FALSE(parse("https://e.com/(\\d{99999999999999999999})"));
  CHECK_FALSE(parse("https://e.com/(\\d{4000})?(\\d{97})#"));
}

TEST_CASE("topics: a URL pattern has at most 32 groups that are repeated") {
  CHECK(parse("https://e.com/" + repeated("{a}+", 31)));
  CHECK(parse("https://e.com/" + repeated("{a}*", 32)));
  const auto more = parse("https://e.com/" + repeated("{a}+", 33));
  REQUIRE_FALSE(more);
  CHECK(more.error().detail.find("at most 32") != std::string::npos);
}

TEST_CASE("topics: groups in a regular expression are at most 16 deep") {
  const auto nested = [](size_t depth) {
    return "https://e.com/(" + repeated("(?:", depth) + "a" + repeated(")", depth) + ")";
  };
  CHECK(parse(nested(15)));
  CHECK(parse(nested(16)));
  CHECK_FALSE(parse(nested(17)));
}

TEST_CASE("topics: a URL pattern must be UTF-8") {
  CHECK_FALSE(parse("https://e.com/\xFF"));
}

TEST_CASE("topics: a parsed URL is matched as its text is") {
  const auto pattern = parse("https://example.com/books/:id");
  CHECK(pattern->matches(*parse_url("https://example.com/books/1")));
  CHECK_FALSE(pattern->matches(*parse_url("https://example.com/books/1/2")));
}

// Topics are walked 64 bytes at a time.
TEST_CASE("topics: a URL pattern matches topics of any length") {
  const std::string origin = "https://e.com";
  for (size_t length = 1; length < 300; ++length) {
    CAPTURE(length);
    const std::string segment(length, 'x');
    CHECK(matches(origin + "/:a/end", origin + "/" + segment + "/end"));
    CHECK_FALSE(matches(origin + "/:a/end", origin + "/" + segment + "/y/end"));
    CHECK(matches(origin + "/*/end", origin + "/" + segment + "/y/end"));
    CHECK(matches(origin + "/:list+", origin + repeated("/x", length)));
    CHECK(matches(origin + "/a{/x}+", origin + "/a" + repeated("/x", length)));
    CHECK_FALSE(matches(origin + "/a{/x}+", origin + "/a" + repeated("/x", length) + "/"));
    CHECK(matches(origin + "/([x]+)y", origin + "/" + segment + "y"));
    CHECK_FALSE(matches(origin + "/([x]+)y", origin + "/" + segment + "zy"));
  }
}

// With backtracking each of these takes longer than anybody waits.
TEST_CASE("topics: no URL pattern is slow for any topic") {
  const std::string origin = "https://e.com/";
  const std::string text(1000, 'a');
  CHECK_FALSE(matches(origin + repeated("*a", 1000) + "b", origin + text));
  CHECK_FALSE(matches(origin + repeated("{a}?", 800) + "b", origin + text));
  CHECK_FALSE(matches(origin + repeated("(a*)", 1000) + "b", origin + text));
  CHECK_FALSE(matches(origin + repeated("{a}+", 32) + "b", origin + text + "c"));
}

}  // namespace
}  // namespace ringcast::topics::topics_url_pattern_test
