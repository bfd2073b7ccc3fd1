#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/log_format.h"
#include "app/logging.h"
#include "app/system_journal.h"
#include "base/json.h"

namespace ringcast::app::app_logging_test {
namespace {

using config::LogOptions;

const LogOptions kText = {LogOptions::Level::kInfo, LogOptions::Format::kText};
const LogOptions kJson = {LogOptions::Level::kInfo, LogOptions::Format::kJson};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

std::string content(std::FILE* file) {
  std::rewind(file);
  std::string text;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) {
    text += static_cast<char>(c);
  }
  return text;
}

// What stands in the file after `lines` went through a log with these options.
std::string written(const LogOptions& options, const std::vector<LogLine>& lines) {
  const File file(std::tmpfile());
  REQUIRE(file);
  {
    LogOutput output(file.get(), options);
    const Log log = output.log();
    for (const LogLine& line : lines) {
      log(line);
    }
  }
  return content(file.get());
}

// With every digit as 0, so that times compare.
std::string without_digits(std::string text) {
  for (char& c : text) {
    c = c >= '0' && c <= '9' ? '0' : c;
  }
  return text;
}

TEST_CASE("app: a text line has time, level, message and fields") {
  CHECK(
      without_digits(written(
          kText, {{LogLevel::kWarn, "slow reader", {{"topic", "a"}, {"reason", "two words"}}}})) ==
      "0000-00-00T00:00:00.000Z warn  slow reader topic=a reason=\"two words\"\n");
}

TEST_CASE("app: a JSON line is one object with time, level, message and fields") {
  CHECK(without_digits(written(kJson, {{LogLevel::kError, "say \"no\"\n", {{"path", "/a\\b"}}}})) ==
        R"({"time":"0000-00-00T00:00:00.000Z","level":"error","module":"daemon",)"
        R"("message":"say \"no\"\n",)"
        R"("path":"/a\\b"})"
        "\n");
}

TEST_CASE("app: a file that is no terminal gets JSON by default") {
  CHECK(written({LogOptions::Level::kInfo, LogOptions::Format::kAuto}, {{LogLevel::kInfo, "a", {}}})
            .starts_with("{\"time\":\""));
}

TEST_CASE("app: a file that is no terminal gets no colours") {
  CHECK(written(kText, {{LogLevel::kError, "a", {}}}).find('\x1b') == std::string::npos);
}

TEST_CASE("app: lines below the level are left out") {
  const std::vector<LogLine> lines = {{LogLevel::kDebug, "d", {}},
                                      {LogLevel::kInfo, "i", {}},
                                      {LogLevel::kWarn, "w", {}},
                                      {LogLevel::kError, "e", {}}};
  const auto count = [&](LogOptions::Level level) {
    const std::string text = written({level, LogOptions::Format::kText}, lines);
    return std::count(text.begin(), text.end(), '\n');
  };
  CHECK(count(LogOptions::Level::kDebug) == 4);
  CHECK(count(LogOptions::Level::kInfo) == 3);
  CHECK(count(LogOptions::Level::kWarn) == 2);
  CHECK(count(LogOptions::Level::kError) == 1);
}

TEST_CASE("app: a module's own level goes before the common one") {
  const LogOptions options{
      .level = LogOptions::Level::kWarn,
      .format = LogOptions::Format::kText,
      .levels = {{"access", LogOptions::Level::kError}, {"journal", LogOptions::Level::kDebug}}};
  CHECK(without_digits(written(options, {{LogLevel::kWarn, "a", {}, "access"},
                                         {LogLevel::kError, "b", {}, "access"},
                                         {LogLevel::kDebug, "c", {}, "journal"},
                                         {LogLevel::kInfo, "d", {}},
                                         {LogLevel::kWarn, "e", {}, "net"}})) ==
        "0000-00-00T00:00:00.000Z error access: b\n"
        "0000-00-00T00:00:00.000Z debug journal: c\n"
        "0000-00-00T00:00:00.000Z warn  net: e\n");
}

TEST_CASE("app: level and format change for a log that was given out before") {
  const File file(std::tmpfile());
  REQUIRE(file);
  {
    LogOutput output(file.get(), kText);
    const Log log = output.log();
    log({LogLevel::kInfo, "one", {}});
    log({LogLevel::kDebug, "never", {}});
    output.configure({LogOptions::Level::kDebug, LogOptions::Format::kJson});
    log({LogLevel::kDebug, "two", {}});
  }
  CHECK(without_digits(content(file.get())) ==
        "0000-00-00T00:00:00.000Z info  one\n"
        "{\"time\":\"0000-00-00T00:00:00.000Z\",\"level\":\"debug\",\"module\":\"daemon\","
        "\"message\":\"two\"}\n");
}

TEST_CASE("app: control characters cannot forge a line of text") {
  CHECK(text_body({LogLevel::kInfo, "a\nb\r\tc\x1b[31m\x7f", {{"k", "v\n2026 error x"}}}) ==
        "a\\nb\\r\\tc\\x1b[31m\\x7f k=\"v\\n2026 error x\"");
  CHECK(text_body({LogLevel::kInfo, "\xC2\x9B\xC2\xA9", {}}) == "\\x9b\xC2\xA9");
  CHECK(text_body({LogLevel::kInfo, "\xff\xC3", {}}) == "\\xff\\xc3");
}

TEST_CASE("app: the journal of the system gets a line's fields, and nothing can forge one") {
  CHECK(system_journal_body({LogLevel::kWarn,
                             "slow reader",
                             {{"first_id", "two words"}, {"path", "/a\nPRIORITY=0"}},
                             "access"}) ==
        "MESSAGE=access: slow reader first_id=\"two words\" path=\"/a\\nPRIORITY=0\"\n"
        "PRIORITY=4\nSYSLOG_IDENTIFIER=ringcastd\nRINGCAST_MODULE=access\n"
        "RINGCAST_MESSAGE=slow reader\nRINGCAST_FIRST_ID=two words\nRINGCAST_PATH=/a\\nPRIORITY=0");
}

TEST_CASE("app: only the stream that JOURNAL_STREAM names is the journal of the system") {
  const File file(std::tmpfile());
  REQUIRE(file);
  struct stat status {};
  REQUIRE(fstat(fileno(file.get()), &status) == 0);
  const std::string device = std::to_string(status.st_dev);
  CHECK_FALSE(is_system_journal(fileno(file.get())));
  REQUIRE(setenv("JOURNAL_STREAM", (device + ":1").c_str(), 1) == 0);
  CHECK_FALSE(is_system_journal(fileno(file.get())));
  REQUIRE(setenv("JOURNAL_STREAM", (device + ":" + std::to_string(status.st_ino)).c_str(), 1) == 0);
  CHECK(is_system_journal(fileno(file.get())));
  unsetenv("JOURNAL_STREAM");
}

TEST_CASE("app: a text value that could be mistaken is quoted") {
  const auto value = [](const char* text) {
    return text_body({LogLevel::kInfo, "m", {{"k", text}}});
  };
  CHECK(value("plain/**") == "m k=plain/**");
  CHECK(value("") == "m k=\"\"");
  CHECK(value("a b") == "m k=\"a b\"");
  CHECK(value("a=b") == "m k=\"a=b\"");
  CHECK(value("a\"b") == "m k=\"a\\\"b\"");
}

TEST_CASE("app: a JSON line is JSON whatever is logged") {
  json::Reader reader;
  for (const char* text : {"\xff", "\x01\x1f\x7f", "\"}", "\xE2\x80\xA8", "%v {} %s"}) {
    const std::string line = "{" + json_body({LogLevel::kInfo, text, {{"k", text}}}) + "}";
    CAPTURE(line);
    CHECK(reader.read(line, [](json::Value& root) {
      std::string copy;
      return root.append_minified(copy);
    }));
  }
}

TEST_CASE("app: formatting characters in a message are only text") {
  CHECK(written(kText, {{LogLevel::kInfo, "%v {} {0} %$", {}}}).ends_with(" %v {} {0} %$\n"));
}

TEST_CASE("app: a reader that does not read never holds up who logs, and losses are told") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const File file(fdopen(ends[1], "w"));
  REQUIRE(file);
  std::string text;
  std::thread reader;
  {
    LogOutput output(file.get(), kJson);
    const Log log = output.log();
    // Far more than pipe and queue hold: this would hang if log() waited for the pipe.
    for (int i = 0; i < 20'000; ++i) {
      log({LogLevel::kInfo, "line", {{"number", std::to_string(i)}}});
    }
    reader = std::thread([&] {
      char buffer[4096];
      for (ssize_t size = read(ends[0], buffer, sizeof(buffer)); size > 0;
           size = read(ends[0], buffer, sizeof(buffer))) {
        text.append(buffer, static_cast<size_t>(size));
      }
    });
    log({LogLevel::kInfo, "last", {}});
  }
  // The pipe ends for the reader when nothing can write any more.
  std::fflush(file.get());
  REQUIRE(dup2(ends[0], ends[1]) == ends[1]);
  reader.join();
  close(ends[0]);
  CHECK(text.find("\"message\":\"log lines dropped\",\"lines\":\"") != std::string::npos);
  CHECK(text.find("\"message\":\"last\"") != std::string::npos);
}

TEST_CASE("app: lines of many threads stay whole") {
  const File file(std::tmpfile());
  REQUIRE(file);
  {
    LogOutput output(file.get(), kText);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&output, log = output.log()] {
        for (int j = 0; j < 100; ++j) {
          log({LogLevel::kInfo, "line", {{"k", "value"}}});
          output.configure(kText);
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }
  const std::string text = content(file.get());
  size_t lines = 0;
  for (size_t begin = 0; begin < text.size(); begin = text.find('\n', begin) + 1) {
    CHECK(text.substr(begin, text.find('\n', begin) - begin).ends_with("Z info  line k=value"));
    ++lines;
  }
  CHECK(lines == 400);
}

}  // namespace
}  // namespace ringcast::app::app_logging_test
