#include <doctest/doctest.h>

#include <string>

#include "cli/event_text.h"

namespace ringcast::cli::cli_event_text_test {

using ringcast::client::Event;

TEST_CASE("cli: plain output is the data and a line end") {
  std::string out;
  append_event(out, Event{"e-1", "message", "one\n two"}, false);
  CHECK(out == "one\n two\n");
}

TEST_CASE("cli: JSON output has id, type and data as strings") {
  std::string out;
  append_event(out, Event{"e-1", "message", "{\"a\":1}"}, true);
  append_event(out, Event{"", "e", "{\"a\":1}"}, true);
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

}  // namespace ringcast::cli::cli_event_text_test
