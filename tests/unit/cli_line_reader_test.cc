#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/line_reader.h"

namespace ringcast::cli::cli_line_reader_test {

using Lines = std::vector<std::string>;

namespace {

// A pipe whose ends close with it. What a test writes is far below the pipe's capacity.
class Pipe {
 public:
  Pipe() { REQUIRE(pipe(ends_.data()) == 0); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close(ends_[0]);
    close_writer();
  }

  [[nodiscard]] int reader() const { return ends_[0]; }
  void write(std::string_view text) {
    REQUIRE(::write(ends_[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  void close_writer() {
    if (ends_[1] >= 0) {
      close(ends_[1]);
      ends_[1] = -1;
    }
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

Lines read_everything(LineReader& reader) {
  Lines all;
  for (;;) {
    auto lines = reader.next();
    REQUIRE(lines);
    if (lines->empty()) {
      return all;
    }
    all.insert(all.end(), lines->begin(), lines->end());
  }
}

}  // namespace

TEST_CASE("cli: lines that are there come at once while the writer goes on") {
  Pipe pipe;
  LineReader reader(pipe.reader(), {});
  pipe.write("one\ntwo\npart");
  CHECK(*reader.next() == Lines{"one", "two"});
  pipe.write("ial\n");
  CHECK(*reader.next() == Lines{"partial"});
}

TEST_CASE("cli: a line needs no end at the end of the input") {
  Pipe pipe;
  LineReader reader(pipe.reader(), {});
  pipe.write("a\n\nb\r\nc\rd");
  pipe.close_writer();
  CHECK(read_everything(reader) == Lines{"a", "", "b", "c\rd"});
  CHECK(reader.next()->empty());
}

TEST_CASE("cli: an empty input has no line") {
  Pipe pipe;
  LineReader reader(pipe.reader(), {});
  pipe.close_writer();
  CHECK(reader.next()->empty());
}

TEST_CASE("cli: lines are the same however the bytes are cut") {
  const std::string text = "a\r\n\nbc\n\r\nd";
  const Lines expected{"a", "", "bc", "", "d"};
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    Pipe pipe;
    LineReader reader(pipe.reader(), {.lines = 1});
    pipe.write(text.substr(0, cut));
    Lines lines;
    // As many as are whole by now; another call would wait.
    for (size_t whole = static_cast<size_t>(
             std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(cut), '\n'));
         whole > 0; --whole) {
      lines.push_back(reader.next()->front());
    }
    pipe.write(text.substr(cut));
    pipe.close_writer();
    const Lines rest = read_everything(reader);
    lines.insert(lines.end(), rest.begin(), rest.end());
    CHECK(lines == expected);
  }
}

TEST_CASE("cli: a batch has at most so many lines") {
  for (const size_t count : {2U, 3U, 4U}) {
    Pipe pipe;
    LineReader reader(pipe.reader(), {.lines = 3});
    for (size_t i = 0; i < count; ++i) {
      pipe.write("x\n");
    }
    CHECK(reader.next()->size() == std::min<size_t>(count, 3));
  }
}

TEST_CASE("cli: a line over the limit is refused") {
  for (const size_t size : {9U, 10U, 11U}) {
    Pipe pipe;
    LineReader reader(pipe.reader(), {.line_bytes = 10});
    pipe.write(std::string(size, 'x') + "\n");
    pipe.close_writer();
    const auto lines = reader.next();
    CHECK(lines.has_value() == (size <= 10));
  }
}

TEST_CASE("cli: lines before one that is too long are not lost") {
  Pipe pipe;
  LineReader reader(pipe.reader(), {.line_bytes = 2});
  pipe.write("ok\nlong");
  CHECK(*reader.next() == Lines{"ok"});
  CHECK_FALSE(reader.next());
}

TEST_CASE("cli: all of an input is read up to its limit") {
  for (const size_t size : {9U, 10U, 11U}) {
    Pipe pipe;
    pipe.write(std::string(size, 'x'));
    pipe.close_writer();
    const auto text = read_all(pipe.reader(), 10);
    CHECK(text.has_value() == (size <= 10));
  }
}

}  // namespace ringcast::cli::cli_line_reader_test
