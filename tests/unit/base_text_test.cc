#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

#include "base/text.h"

namespace ringcast::base_text_test {
namespace {

TEST_CASE("base: UTF-8 is judged as RFC 3629 has it") {
  using namespace std::string_view_literals;
  for (const auto good : {""sv, "a\0b"sv, "\xc3\xa9"sv, "\xe2\x82\xac"sv, "\xef\xbf\xbf"sv,
                          "\xf0\x9f\x98\x80"sv, "\xf4\x8f\xbf\xbf"sv}) {
    CAPTURE(good);
    CHECK(is_utf8(good));
  }
  for (const auto bad : {"\x80"sv, "\xc3"sv, "\xc0\xaf"sv, "\xe0\x80\xaf"sv, "\xed\xa0\x80"sv,
                         "\xf4\x90\x80\x80"sv, "\xff"sv, "ok\xe2\x82"sv}) {
    CAPTURE(bad);
    CHECK_FALSE(is_utf8(bad));
  }
}

TEST_CASE("base: only ASCII letters are compared without case") {
  CHECK(equals_ignoring_case("Content-Length", "cONTENT-lENGTH"));
  CHECK(equals_ignoring_case("", ""));
  CHECK_FALSE(equals_ignoring_case("a", "ab"));
  CHECK_FALSE(equals_ignoring_case("[", "{"));
  CHECK_FALSE(equals_ignoring_case("\xc3\x89", "\xc3\xa9"));
}

TEST_CASE("base: lower case leaves everything but ASCII letters alone") {
  CHECK(to_lower("AZaz09[@`{\xc3\x89") == "azaz09[@`{\xc3\x89");
}

TEST_CASE("base: trim takes spaces and tabs from both ends only") {
  CHECK(trim(" \ta b\t ") == "a b");
  CHECK(trim("a") == "a");
  CHECK(trim("\na\r") == "\na\r");
  CHECK(trim(" \t ").empty());
  CHECK(trim("").empty());
}

TEST_CASE("base: an unsigned number is digits and nothing else") {
  CHECK(parse_uint("0") == 0U);
  CHECK(parse_uint("007") == 7U);
  CHECK(parse_uint("18446744073709551615") == UINT64_MAX);
  for (const char* bad : {"", "+1", "-1", " 1", "1 ", "1x", "0x1", "1.0"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_uint(bad).has_value());
  }
}

TEST_CASE("base: an unsigned number that overflows is refused") {
  CHECK(parse_uint("18446744073709551614") == UINT64_MAX - 1);
  CHECK_FALSE(parse_uint("18446744073709551616").has_value());
  CHECK_FALSE(parse_uint("100000000000000000000").has_value());
}

TEST_CASE("base: edit distance counts insertions, deletions, substitutions and swaps") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("topic", "topics") == 1);
  CHECK(edit_distance("topic", "tpic") == 1);
  CHECK(edit_distance("topic", "topik") == 1);
  CHECK(edit_distance("topic", "tpoic") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("ab", "ba") == 1);
}

TEST_CASE("base: the nearest candidate is offered only for a typing mistake") {
  constexpr std::array<std::string_view, 4> kFields = {"topic", "topics", "data", "event"};
  CHECK(nearest("tpoic", kFields) == "topic");
  CHECK(nearest("topicss", kFields) == "topics");
  CHECK(nearest("dat", kFields) == "data");
  CHECK(nearest("d", kFields).empty());
  CHECK(nearest("something", kFields).empty());
}

TEST_CASE("base: a third of the word may be wrong, but always one edit") {
  constexpr std::array<std::string_view, 1> kNames = {"abcdef"};
  CHECK(nearest("abcdef", kNames) == "abcdef");
  CHECK(nearest("abcdxx", kNames) == "abcdef");
  CHECK(nearest("abcxxx", kNames).empty());
  CHECK(nearest("abcde", kNames) == "abcdef");
  CHECK(nearest("abcd", kNames).empty());
  constexpr std::array<std::string_view, 1> kShort = {"id"};
  CHECK(nearest("ib", kShort) == "id");
  CHECK(nearest("xy", kShort).empty());
}

}  // namespace
}  // namespace ringcast::base_text_test
