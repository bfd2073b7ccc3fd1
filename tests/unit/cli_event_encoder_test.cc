#include <doctest/doctest.h>

#include <string>

#include "cli/event_encoder.h"

using ringcast::cli::EventEncoder;
using ringcast::cli::PublishOptions;

namespace {

PublishOptions options_for(const std::string& topic, bool json = false) {
  PublishOptions options;
  options.topic = topic;
  options.json = json;
  return options;
}

}  // namespace

TEST_CASE("cli: a line becomes one object with topic, key and data") {
  const PublishOptions options = options_for("a/\"b");
  EventEncoder encoder(options);
  std::string out;
  REQUIRE(encoder.append_line(out, "x\ty", "k-1"));
  CHECK(out == R"({"topic":"a/\"b","key":"k-1","data":"x\ty"})"
               "\n");
}

TEST_CASE("cli: type and retry are in every line") {
  PublishOptions options = options_for("t");
  options.event = "e";
  options.retry_ms = 500;
  EventEncoder encoder(options);
  std::string out;
  REQUIRE(encoder.append_line(out, "1", "k-1"));
  REQUIRE(encoder.append_line(out, "2", "k-2"));
  CHECK(out == R"({"topic":"t","event":"e","retry":500,"key":"k-1","data":"1"})"
               "\n"
               R"({"topic":"t","event":"e","retry":500,"key":"k-2","data":"2"})"
               "\n");
}

TEST_CASE("cli: with --json the value is embedded without white space") {
  const PublishOptions options = options_for("t", true);
  EventEncoder encoder(options);
  std::string out;
  REQUIRE(encoder.append_line(out, " { \"a\" : [ 1.50, null ] } ", "k"));
  CHECK(out == R"({"topic":"t","key":"k","data":{"a":[1.50,null]}})"
               "\n");
}

TEST_CASE("cli: a line that cannot be sent appends nothing") {
  std::string out = "before";
  const PublishOptions json = options_for("t", true);
  for (const char* wrong : {"", "{", "{} {}", "nope", "\"\xff\""}) {
    CHECK_FALSE(EventEncoder(json).append_line(out, wrong, "k"));
  }
  const PublishOptions text = options_for("t");
  CHECK_FALSE(EventEncoder(text).append_line(out, "\xff", "k"));
  CHECK(out == "before");
}

TEST_CASE("cli: a body is the text as it is") {
  const PublishOptions options = options_for("t");
  EventEncoder encoder(options);
  CHECK(*encoder.body("[1, 2]\r\n") == "[1, 2]\r\n");
  CHECK(encoder.body("")->empty());
  CHECK_FALSE(encoder.body("\xc3"));
}

TEST_CASE("cli: with --json a body is a string's text or the value minified") {
  const PublishOptions options = options_for("t", true);
  EventEncoder encoder(options);
  CHECK(*encoder.body(" \"a\\nb\" ") == "a\nb");
  CHECK(*encoder.body("[1, 2]") == "[1,2]");
  CHECK(*encoder.body("null") == "null");
  CHECK_FALSE(encoder.body("[1, 2"));
}
