#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace ringcast::json::base_json_test {
namespace {

Result<std::string> minified(std::string_view text) {
  Reader reader;
  std::string out;
  Status status = reader.read(text, [&](Value& root) { return root.append_minified(out); });
  if (!status) {
    return std::move(status).failure();
  }
  return out;
}

Result<std::string> read_string(std::string_view text) {
  Reader reader;
  std::string out;
  Status status = reader.read(text, [&](Value& root) -> Status {
    auto value = root.string();
    if (!value) {
      return std::move(value).failure();
    }
    out = *value;
    return Ok{};
  });
  if (!status) {
    return std::move(status).failure();
  }
  return out;
}

Result<uint64_t> read_whole_number(std::string_view text) {
  Reader reader;
  uint64_t out = 0;
  Status status = reader.read(text, [&](Value& root) -> Status {
    auto value = root.whole_number();
    if (!value) {
      return std::move(value).failure();
    }
    out = *value;
    return Ok{};
  });
  if (!status) {
    return std::move(status).failure();
  }
  return out;
}

// Whether the text is refused before anything of it is given to the visitor.
std::string refusal(std::string_view text) {
  Reader reader;
  bool was_called = false;
  Status status = reader.read(text, [&](Value&) -> Status {
    was_called = true;
    return Ok{};
  });
  REQUIRE_FALSE(status);
  CHECK_FALSE(was_called);
  CHECK(status.error().code == Errc::kInvalid);
  return status.error().detail;
}

std::string nested(size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST_CASE("base: a JSON string is written with its escapes") {
  using namespace std::string_view_literals;
  CHECK(quoted("a\"b\\c/d"sv) == R"("a\"b\\c/d")");
  CHECK(quoted("\b\f\n\r\t"sv) == R"("\b\f\n\r\t")");
  CHECK(quoted("\0\x1f\x7f"sv) == "\"\\u0000\\u001f\x7f\"");
  CHECK(quoted("\xc3\xa9"sv) == "\"\xc3\xa9\"");
  CHECK(quoted(""sv) == "\"\"");
}

TEST_CASE("base: a string that was written is read back as it was") {
  std::string all;
  for (char c = 0; c < 127; ++c) {
    all += c;
  }
  const auto back = read_string(quoted(all));
  REQUIRE(back);
  CHECK(*back == all);
}

TEST_CASE("base: numbers keep their text when minified") {
  for (const char* number : {"0", "-0", "1.0", "1e999", "-1.50E+07", "1E-0",
                             "123456789012345678901234567890", "0.1000"}) {
    CAPTURE(number);
    const auto out = minified(number);
    REQUIRE(out);
    CHECK(*out == number);
  }
}

TEST_CASE("base: minifying takes white space outside of strings only") {
  const auto out =
      minified(" { \"a b\" :\t[ 1 ,\r\n2.0, { } , [ ] , \" x \\\" y \" ] , \"\" : null } \n");
  REQUIRE(out);
  CHECK(*out == R"({"a b":[1,2.0,{},[]," x \" y "],"":null})");
}

TEST_CASE("base: strings keep their escapes when minified") {
  const auto out = minified(R"(["\u0041\/\ud83d\ude00"])");
  REQUIRE(out);
  CHECK(*out == R"(["\u0041\/\ud83d\ude00"])");
}

TEST_CASE("base: minifying appends") {
  Reader reader;
  std::string out = "data: ";
  REQUIRE(reader.read("[ 1 ]", [&](Value& root) { return root.append_minified(out); }));
  CHECK(out == "data: [1]");
}

TEST_CASE("base: text that is not JSON is refused with the place") {
  CHECK(refusal("") == "not JSON: the text ends too early at byte 0");
  CHECK(refusal("[1,]") == "not JSON: expected a value at byte 3");
  CHECK(refusal(R"({"a":1,})") == "not JSON: expected a field name in double quotes at byte 7");
  CHECK(refusal("[01]") == "not JSON: a number starts with 0 at byte 2");
  CHECK(refusal("{} {}") == "not JSON: something follows the value at byte 3");
}

TEST_CASE("base: everything around a value is checked") {
  for (const char* text :
       {" ",        "1]",        "1,2",   "1],[2", "[1",    "{",    "{\"a\"",        "{\"a\":",
        "{\"a\":1", "{\"a\" 1}", "{a:1}", "{1:2}", "[1 2]", "[1}",  "{\"a\":1]",     "]",
        ":",        ",",         "[,1]",  "{,}",   "'a'",   "[1]x", "\xef\xbb\xbf{}"}) {
    CAPTURE(text);
    CHECK_FALSE(refusal(text).empty());
  }
}

TEST_CASE("base: numbers and words are checked to the last character") {
  for (const char* text : {"-", "+1", ".5", "1.", "1.e5", "1e", "1e+", "00", "-01", "0x1", "1x",
                           "NaN", "Infinity", "tru", "truee", "nul", "nulll", "True", "falsy"}) {
    CAPTURE(text);
    CHECK_FALSE(refusal(text).empty());
  }
}

TEST_CASE("base: an error deep inside a value that nobody reads is found") {
  for (const char* text :
       {R"({"a":{"b":[1,2,{"c":01}]}})", R"({"a":["\x"]})", R"([[["\u12G4"]]])", R"({"a":[tru]})",
        "{\"a\":\"\x01\"}", "[\"a\nb\"]", R"([{"a":1 "b":2}])"}) {
    CAPTURE(text);
    CHECK_FALSE(refusal(text).empty());
  }
}

TEST_CASE("base: a NUL ends nothing and is allowed nowhere") {
  using namespace std::string_view_literals;
  CHECK_FALSE(refusal("1\0"sv).empty());
  CHECK_FALSE(refusal("\"a\0b\""sv).empty());
  CHECK_FALSE(refusal("[1]\0[2]"sv).empty());
}

TEST_CASE("base: JSON that is not UTF-8 is refused") {
  for (const char* text : {"\"\xc3\"", "\"\xff\"", "\"\xed\xa0\x80\"", "[\"\xc0\xaf\"]"}) {
    CAPTURE(text);
    CHECK(refusal(text).find("UTF-8") != std::string::npos);
  }
}

TEST_CASE("base: strings are unescaped to UTF-8") {
  const auto out = read_string(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude00")");
  REQUIRE(out);
  CHECK(*out == "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST_CASE("base: an escaped NUL is a character like others") {
  const auto out = read_string(R"("a\u0000b")");
  REQUIRE(out);
  CHECK(*out == std::string("a\0b", 3));
}

TEST_CASE("base: half a surrogate pair is refused") {
  for (const char* text : {R"("\ud800")", R"("\udc00")", R"("\ud800x")", R"("\ud800\n")",
                           R"("\ud800\u0041")", R"("\ud800\ud800")", R"("\udc00\ud800")"}) {
    CAPTURE(text);
    CHECK(refusal(text).find("surrogate") != std::string::npos);
  }
  CHECK(refusal(R"({"\ud800":1})").find("surrogate") != std::string::npos);
}

TEST_CASE("base: special characters are seen at every place of a long string") {
  for (size_t length = 0; length < 40; ++length) {
    for (size_t at = 0; at <= length; ++at) {
      std::string text(length, 'x');
      text.insert(at, "\x1f");
      CHECK(refusal('"' + text + '"') ==
            "not JSON: a control character in a string at byte " + std::to_string(at + 1));
    }
  }
}

TEST_CASE("base: JSON may be 1,024 levels deep and no more") {
  CHECK(minified(nested(1023)));
  CHECK(minified(nested(1024)));
  CHECK(refusal(nested(1025)) == "not JSON: nested too deeply at byte 1024");
  CHECK(refusal(std::string(1'000'000, '[')).find("too deeply") != std::string::npos);
}

TEST_CASE("base: whole numbers go from 0 to 2^63-1") {
  for (const char* good : {"0", "1", "9223372036854775806", "9223372036854775807"}) {
    CAPTURE(good);
    const auto value = read_whole_number(good);
    REQUIRE(value);
    CHECK(std::to_string(*value) == good);
  }
  for (const char* bad : {"-1", "-0", "1.0", "1e3", "9223372036854775808", "18446744073709551616",
                          "100000000000000000000000", "\"1\"", "null", "true", "[]"}) {
    CAPTURE(bad);
    const auto value = read_whole_number(bad);
    REQUIRE_FALSE(value);
    CHECK(value.error().code == Errc::kInvalid);
  }
}

TEST_CASE("base: a value of another kind is refused by name") {
  const auto value = read_string("[1]");
  REQUIRE_FALSE(value);
  CHECK(value.error().code == Errc::kInvalid);
  CHECK(value.error().detail == "expected a string, found an array");
}

TEST_CASE("base: each value tells its kind") {
  Reader reader;
  std::vector<Value::Kind> kinds;
  REQUIRE(reader.read(R"([null, true, 1, "s", [], {}])", [&](Value& root) {
    return root.each_element([&](Value& value) -> Status {
      kinds.push_back(value.kind());
      return Ok{};
    });
  }));
  using enum Value::Kind;
  CHECK(kinds == std::vector{kNull, kBool, kNumber, kString, kArray, kObject});
}

TEST_CASE("base: fields come in order, read or not, also those of one name") {
  Reader reader;
  std::string seen;
  REQUIRE(
      reader.read(R"({"a":{"x":[1,{}]},"b":[true,false],"a":2,"\u0062c":"s"})", [&](Value& root) {
        return root.each_field([&](std::string_view name, Value& value) -> Status {
          seen.append(name).append(" ");
          if (name != "b") {
            return Ok{};
          }
          return value.each_element([&](Value& element) -> Status {
            const auto flag = element.boolean();
            REQUIRE(flag);
            seen += *flag ? "yes " : "no ";
            return Ok{};
          });
        });
      }));
  CHECK(seen == "a b yes no a bc ");
}

TEST_CASE("base: the first failure of a visitor ends the reading") {
  Reader reader;
  int calls = 0;
  const Status status = reader.read("[[1,2],[3,4]]", [&](Value& root) {
    return root.each_element([&](Value& row) {
      return row.each_element([&](Value&) -> Status {
        ++calls;
        return fail(Errc::kForbidden, "enough");
      });
    });
  });
  REQUIRE_FALSE(status);
  CHECK(status.error().code == Errc::kForbidden);
  CHECK(calls == 1);
}

TEST_CASE("base: a reader goes on after documents that were refused or larger") {
  Reader reader;
  const std::string large = '"' + std::string(100'000, 'x') + '"';
  for (const std::string_view text : {std::string_view("[1,"), std::string_view(large),
                                      std::string_view("\"\xff\""), std::string_view("\"s\"")}) {
    std::string seen;
    const Status status = reader.read(text, [&](Value& root) -> Status {
      seen = *root.string();
      return Ok{};
    });
    CHECK(status.has_value() == (text.size() == large.size() || text == "\"s\""));
    CHECK(seen.size() == (status ? text.size() - 2 : 0));
  }
}

}  // namespace
}  // namespace ringcast::json::base_json_test
