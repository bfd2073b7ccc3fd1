#include <doctest/doctest.h>

#include <string>

#include "topics/uri_template.h"
#include "unit/topics_matcher_vectors.h"

namespace ringcast::topics::topics_uri_template_test {
namespace {

std::string repeated(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) {
    out += text;
  }
  return out;
}

bool matches(const std::string& text, const std::string& topic) {
  const auto parsed = UriTemplate::parse(text);
  REQUIRE(parsed);
  return parsed->matches(topic);
}

TEST_CASE("topics: a URI template matches what its vectors say") {
  for (const MatcherVector& vector : read_matcher_vectors("uri_template.json")) {
    CAPTURE(vector.name);
    const auto parsed = UriTemplate::parse(vector.matcher);
    CHECK(parsed.has_value() == vector.refused.empty());
    if (!parsed) {
      CHECK(parsed.error().code == Errc::kInvalid);
      CHECK_MESSAGE(parsed.error().detail.find(vector.refused) != std::string::npos,
                    parsed.error().detail);
      continue;
    }
    CHECK(parsed->text() == vector.matcher);
    for (const std::string& topic : vector.matches) {
      CHECK_MESSAGE(parsed->matches(topic), topic);
    }
    for (const std::string& topic : vector.misses) {
      CHECK_MESSAGE(!parsed->matches(topic), topic);
    }
  }
}

TEST_CASE("topics: a URI template has at most 4096 bytes") {
  const std::string expression = "{a}";
  CHECK(UriTemplate::parse(std::string(4092, 'x') + expression));
  CHECK(UriTemplate::parse(std::string(4093, 'x') + expression));
  const auto longer = UriTemplate::parse(std::string(4094, 'x') + expression);
  REQUIRE_FALSE(longer);
  CHECK(longer.error().detail == "a URI template must have at most 4096 bytes");
}

TEST_CASE("topics: a URI template must be UTF-8") {
  CHECK_FALSE(UriTemplate::parse("{a}\xFF"));
  CHECK_FALSE(UriTemplate::parse("\xFF"));
}

TEST_CASE("topics: a text without an expression is a template without expressions") {
  CHECK_FALSE(UriTemplate::parse("https://example.com/")->has_expressions());
  CHECK(UriTemplate::parse("https://example.com/{id}")->has_expressions());
}

// Topics are walked 64 bytes at a time.
TEST_CASE("topics: a URI template matches topics of any length") {
  for (size_t length = 0; length < 300; ++length) {
    CAPTURE(length);
    const std::string segment(length, 'x');
    CHECK(matches("/{a}/end", "/" + segment + "/end"));
    CHECK_FALSE(matches("/{a}/end", "/" + segment + "/ end"));
    CHECK(matches("{a}-{b}", segment + "-" + segment));
    CHECK_FALSE(matches("{a}/{b}", segment + "x" + segment));
    CHECK(matches("{/list*}", repeated("/x", length)));
    CHECK(matches("{a}", repeated("%41", length)));
    CHECK_FALSE(matches("{a}", repeated("%41", length) + "%4"));
  }
}

TEST_CASE("topics: as many values match as an expression has variables") {
  for (const size_t variables : {1U, 2U, 63U, 64U, 65U, 500U}) {
    CAPTURE(variables);
    const std::string text = "{/" + repeated("a,", variables - 1) + "a}";
    CHECK(matches(text, repeated("/x", variables)));
    CHECK_FALSE(matches(text, repeated("/x", variables + 1)));
  }
}

}  // namespace
}  // namespace ringcast::topics::topics_uri_template_test
