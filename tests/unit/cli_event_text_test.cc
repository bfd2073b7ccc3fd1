#include <doctest/doctest.h>

#include <string>

#include "cli/event_text.h"

using namespace ringcast;
using namespace ringcast::cli;

TEST_CASE("cli: plain output is the data and a line end") {
  sse::Block block;
  block.data = "one\n two";
  std::string out;
  append_event(out, block, "e-1", false);
  CHECK(out == "one\n two\n");
}

TEST_CASE("cli: JSON output has id, type and data as strings") {
  sse::Block block;
  block.data = "{\"a\":1}";
  std::string out;
  append_event(out, block, "e-1", true);
  block.event = "e";
  append_event(out, block, "", true);
  CHECK(out == R"({"id":"e-1","event":"message","data":"{\"a\":1}"})"
               "\n"
               R"({"id":"","event":"e","data":"{\"a\":1}"})"
               "\n");
}

TEST_CASE("cli: a gap is a sentence") {
  CHECK(describe_gap(R"({"requested":"e-1","resumed":"e-9","reason":"lagged","missed":2})") ==
        "gap: 2 events were missed (lagged), going on after e-9");
  CHECK(describe_gap(R"({"reason":"expired","missed":1})") == "gap: 1 event was missed (expired)");
  CHECK(describe_gap(R"({"reason":"epoch","missed":null,"resumed":"e-9"})") ==
        "gap: an unknown number of events were missed (epoch), going on after e-9");
}

TEST_CASE("cli: a gap that is not understood is shown as it is") {
  CHECK(describe_gap("what?") == "gap: what?");
}
