#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/export.h"
#include "journal/import_line.h"
#include "journal/inspect_names.h"

namespace ringcast::journal::journal_lines_test {

namespace {

constexpr int64_t kTime = 1'704'164'645'678;  // 2024-01-02T03:04:05.678Z

std::string line_of(const sse::EventFields& fields, std::vector<std::string> topics) {
  auto event = sse::Event::encode(fields, std::move(topics));
  event->seal({}, 7, kTime);
  std::string line;
  append_line(line, *event);
  return line;
}

// What is wrong with a line, as "field: detail"; empty when it is good.
std::string fault_of(const std::string& line) {
  ImportLineReader reader("epoch00000");
  const auto read = reader.read(line);
  return read ? "" : read.error().field + ": " + read.error().detail;
}

}  // namespace

TEST_CASE("journal: an exported line has what the event has, and nothing else") {
  CHECK(line_of({.data = "x"}, {"a"}) ==
        R"({"seq":7,"time":"2024-01-02T03:04:05.678Z","topics":["a"],"data":"x"})"
        "\n");
  CHECK(line_of({.type = "t", .id = "my \"1\"", .retry_ms = 500, .data = "a\nb"}, {"a", "b/c"}) ==
        R"({"seq":7,"time":"2024-01-02T03:04:05.678Z","topics":["a","b/c"],"event":"t",)"
        R"("id":"my \"1\"","retry":500,"data":"a\nb"})"
        "\n");
}

TEST_CASE("journal: a line comes back as it was exported") {
  ImportLineReader reader("epoch00000");
  const std::string line = line_of(
      {.type = "\xC3\xA4", .id = "1", .retry_ms = 500, .data = "\n\x01 \\ \n\n"}, {"a", "b/c"});
  auto read = reader.read(line);
  REQUIRE(read);
  CHECK(read->time_ms == kTime);
  read->event->seal({}, 7, kTime);
  std::string again;
  append_line(again, *read->event);
  CHECK(again == line);
}

TEST_CASE("journal: an import takes what a publish takes") {
  ImportLineReader reader("epoch00000");
  auto read = reader.read(R"({"topic":"a","data":{"k": 1.50, "l": []}})");
  REQUIRE(read);
  CHECK(read->event->data() == R"({"k":1.50,"l":[]})");
  CHECK_FALSE(read->time_ms);
  read = reader.read(R"({"topics":["a","b","a"],"retry":5,"data":null})");
  REQUIRE(read);
  CHECK(read->event->topics() == std::vector<std::string>{"a", "b"});
  CHECK(read->event->retry_ms() == 100);
  CHECK(read->event->data() == "null");
}

TEST_CASE("journal: times have an offset, and are no ages") {
  ImportLineReader reader("epoch00000");
  auto read = reader.read(R"({"topic":"a","time":"2024-01-02T04:04:05.678+01:00","data":""})");
  REQUIRE(read);
  CHECK(read->time_ms == kTime);
  for (const char* time :
       {"10m", "1704164645", "earliest", "2024-01-02", "00000000000000000010m"}) {
    CAPTURE(time);
    CHECK(fault_of(std::string(R"({"topic":"a","data":"","time":")") + time + "\"}") ==
          "time: must be a time such as 2026-01-02T03:04:05.678Z");
  }
}

TEST_CASE("journal: what is wrong with a line is named") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"data":"x"})", "topics: `topics` is missing"},
      {R"({"topics":[],"data":"x"})", "topics: 1 to 100 topics"},
      {R"({"topic":"a","topics":["a"],"data":"x"})", "topics: `topic` or `topics`, not both"},
      {R"({"topics":"a","data":"x"})", "topics: must be an array of strings"},
      {R"({"topics":[1],"data":"x"})", "topics: must be an array of strings"},
      {R"({"topic":"$a","data":"x"})", "topic: topics that start with $ belong to the broker"},
      {R"({"topic":"a"})", "data: `data` is missing"},
      {R"({"topic":"a","data":"x","data":"y"})", "data: the field stands there twice"},
      {R"({"topic":"a","data":"x","evnt":"y"})", "evnt: unknown field; did you mean `event`?"},
      {R"({"topic":"a","data":"x","event":1})", "event: must be a string"},
      {R"({"topic":"a","data":"x","seq":-1})", "seq: must be a whole number"},
      {R"({"topic":"a","data":"x","retry":"5"})", "retry: must be a whole number"},
      {R"({"topic":"a","data":"x","id":"epoch00000-5"})",
       "id: the id has the form of the broker's own ids"},
      {R"([])", ": an event is a JSON object"},
  };
  for (const auto& [line, fault] : cases) {
    CAPTURE(line);
    CHECK(fault_of(line) == fault);
  }
  for (const char* line : {"", "{", R"({"topic":"a","data":"x"} y)", R"({"topic":"a*","data":""})",
                           R"({"topic":"a","data":"x","event":"open"})", "{\"topic\":\"\xff\"}"}) {
    CAPTURE(line);
    CHECK_FALSE(fault_of(line).empty());
  }
}

TEST_CASE("journal: a hundred topics are the most of one event") {
  std::string topics = "\"t0\"";
  for (int i = 1; i < 100; ++i) {
    topics += ",\"t" + std::to_string(i) + "\"";
  }
  CHECK(fault_of("{\"data\":1,\"topics\":[" + topics + "]}").empty());
  CHECK(fault_of("{\"data\":1,\"topics\":[" + topics + ",\"u\"]}") == "topics: 1 to 100 topics");
}

TEST_CASE("journal: names joined by line ends are compared whole") {
  CHECK(lists("a\nb/c\nd", "b/c"));
  CHECK(lists("a", "a"));
  CHECK_FALSE(lists("a\nb/c", "b"));
  CHECK_FALSE(lists("a\nb", "a\nb"));
}

}  // namespace ringcast::journal::journal_lines_test
