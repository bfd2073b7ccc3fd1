#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/base64url.h"
#include "base/json.h"
#include "cpp/src/event_parser.h"
#include "support/source_dir.h"

namespace ringcast::client::parser_test {
namespace {

struct Read {
  std::vector<Event> events;
  std::vector<std::string> comments;
  std::optional<uint64_t> retry_ms;
  std::string last_event_id;

  bool operator==(const Read& other) const {
    const auto same = [](const Event& a, const Event& b) {
      return a.id == b.id && a.type == b.type && a.data == b.data;
    };
    return std::equal(events.begin(), events.end(), other.events.begin(), other.events.end(),
                      same) &&
           comments == other.comments && retry_ms == other.retry_ms &&
           last_event_id == other.last_event_id;
  }
};

std::string shown(const Read& read) {
  std::string text = "last id '" + read.last_event_id + "'";
  for (const Event& event : read.events) {
    text += ", " + event.type + " '" + event.id + "' '" + event.data + "'";
  }
  for (const std::string& comment : read.comments) {
    text += ", comment '" + comment + "'";
  }
  return text;
}

struct Vector {
  std::string name;
  std::string input;
  Read expected;
};

class Collector final : public EventParser::Sink {
 public:
  explicit Collector(bool stops = false) : stops_(stops) {}
  void on_event(Event event) override {
    read.events.push_back(std::move(event));
    wants_more_ = !stops_;
  }
  void on_comment(std::string_view line) override {
    read.comments.emplace_back(line);
    wants_more_ = !stops_;
  }
  void on_retry(uint64_t retry_ms) override { read.retry_ms = retry_ms; }
  [[nodiscard]] bool wants_more() const override { return wants_more_; }
  void go_on() { wants_more_ = true; }

  Read read;

 private:
  bool stops_;  // After each event and comment.
  bool wants_more_ = true;
};

std::string text_of(json::Value& value) {
  return std::string(*value.string());
}

Event event_of(json::Value& value) {
  Event event;
  const auto read = value.each_field([&](std::string_view name, json::Value& field) -> Status {
    (name == "event" ? event.type : name == "data" ? event.data : event.id) = text_of(field);
    return Ok{};
  });
  REQUIRE(read);
  return event;
}

Status read_field(Vector& vector, std::string_view name, json::Value& value) {
  if (name == "name" || name == "input") {
    (name == "name" ? vector.name : vector.input) = text_of(value);
  } else if (name == "input_base64") {
    std::string base64 = text_of(value);
    base64.erase(base64.find_last_not_of('=') + 1);
    for (char& c : base64) {
      c = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    const auto decoded = auth::decode_base64url(base64);
    REQUIRE(decoded);
    vector.input = *decoded;
  } else if (name == "last_event_id") {
    vector.expected.last_event_id = text_of(value);
  } else if (name == "retry_ms" && value.kind() == json::Value::Kind::kNumber) {
    vector.expected.retry_ms = *value.whole_number();
  } else if (name == "events") {
    return value.each_element([&](json::Value& event) -> Status {
      vector.expected.events.push_back(event_of(event));
      return Ok{};
    });
  } else if (name == "comments") {
    return value.each_element([&](json::Value& comment) -> Status {
      vector.expected.comments.push_back(text_of(comment));
      return Ok{};
    });
  } else {
    std::string skipped;
    return value.append_minified(skipped);
  }
  return Ok{};
}

std::vector<Vector> vectors() {
  std::ifstream file(source_dir() + "/clients/vectors/event_stream.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<Vector> all;
  json::Reader reader;
  const auto read = reader.read(text, [&](json::Value& root) {
    return root.each_field([&](std::string_view /*name*/, json::Value& list) {
      return list.each_element([&](json::Value& element) {
        all.emplace_back();
        return element.each_field([&](std::string_view name, json::Value& value) {
          return read_field(all.back(), name, value);
        });
      });
    });
  });
  REQUIRE_MESSAGE(read, read.error().detail);
  REQUIRE(all.size() >= 50);
  return all;
}

constexpr size_t kLimit = size_t{16} << 20U;

// Feeds the pieces that `cuts` part the input into.
Read parse(std::string_view input, const std::vector<size_t>& cuts) {
  EventParser parser(kLimit, "");
  Collector collector;
  size_t begin = 0;
  for (const size_t cut : cuts) {
    CHECK(parser.feed(input.substr(begin, cut - begin), collector) == cut - begin);
    begin = cut;
  }
  CHECK(parser.feed(input.substr(begin), collector) == input.size() - begin);
  collector.read.last_event_id = parser.last_event_id();
  return collector.read;
}

void check_read(const Read& read, const Vector& vector, size_t cut) {
  CHECK_MESSAGE(read == vector.expected, vector.name << ", cut at " << cut << ": " << shown(read));
}

}  // namespace

TEST_CASE("parser: every vector, whole, byte by byte and cut at every place") {
  for (const Vector& vector : vectors()) {
    check_read(parse(vector.input, {}), vector, 0);
    std::vector<size_t> bytes;
    for (size_t cut = 1; cut < vector.input.size(); ++cut) {
      bytes.push_back(cut);
      check_read(parse(vector.input, {cut}), vector, cut);
    }
    check_read(parse(vector.input, bytes), vector, 1);
  }
}

TEST_CASE("parser: every vector, stopped after each event and comment") {
  for (const Vector& vector : vectors()) {
    EventParser parser(kLimit, "");
    Collector collector(true);
    std::string_view rest = vector.input;
    while (!rest.empty()) {
      collector.go_on();
      const size_t events = collector.read.events.size() + collector.read.comments.size();
      rest.remove_prefix(parser.feed(rest, collector));
      CHECK(collector.read.events.size() + collector.read.comments.size() <= events + 1);
    }
    collector.read.last_event_id = parser.last_event_id();
    check_read(collector.read, vector, 0);
  }
}

TEST_CASE("parser: a data line of 10 MiB comes whole") {
  const std::string data(size_t{10} << 20U, 'x');
  const Read read = parse("data: " + data + "\n\n", {1, 7, 4'000'000});
  REQUIRE(read.events.size() == 1);
  CHECK(read.events.front().data == data);
}

TEST_CASE("parser: an event is at most as large as its limit, whatever it consists of") {
  for (const char* event :
       {"data: 0123456789\n\n", "data: 0123\ndata:56\n\n", ": c\nid: 7\ndata:x\n\n"}) {
    const std::string_view input = event;
    const size_t bytes = input.size() - 2;  // Without the ends of the last line and of the event.
    for (const size_t limit : {bytes - 1, bytes, bytes + 1}) {
      for (size_t cut = 0; cut < input.size(); ++cut) {
        EventParser parser(limit, "");
        Collector collector;
        parser.feed(input.substr(0, cut), collector);
        if (!parser.is_too_large()) {
          parser.feed(input.substr(cut), collector);
        }
        CHECK(parser.is_too_large() == (limit < bytes));
        CHECK(collector.read.events.size() == (limit < bytes ? 0 : 1));
      }
    }
  }
}

TEST_CASE("parser: a new connection drops what was not finished, and keeps the last id") {
  EventParser parser(kLimit, "before");
  Collector collector;
  parser.feed("id: 1\ndata: a\n\nevent: e\nid: 2\ndata: b\nda", collector);
  parser.begin();
  CHECK(parser.last_event_id() == "1");
  parser.feed(
      "\xEF\xBB\xBF"
      "data: c\n\n",
      collector);
  REQUIRE(collector.read.events.size() == 2);
  CHECK(collector.read.events[1].data == "c");
  CHECK(collector.read.events[1].id == "1");
  CHECK(collector.read.events[1].type == "message");
}

}  // namespace ringcast::client::parser_test
