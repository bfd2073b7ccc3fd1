#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "app/arguments.h"

namespace ringcast::app::app_arguments_test {
namespace {

Result<std::variant<Arguments, Answer>> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "ringcastd");
  return parse_arguments(static_cast<int>(words.size()), words.data());
}

Arguments arguments_of(const std::vector<const char*>& words) {
  auto outcome = parse(words);
  REQUIRE_MESSAGE(outcome, outcome.error().detail);
  REQUIRE(std::holds_alternative<Arguments>(*outcome));
  return std::get<Arguments>(*outcome);
}

std::string answer_to(const char* word) {
  auto outcome = parse({word});
  REQUIRE(outcome);
  REQUIRE(std::holds_alternative<Answer>(*outcome));
  return std::get<Answer>(*outcome).text;
}

std::string error_of(const std::vector<const char*>& words) {
  const auto outcome = parse(words);
  return outcome ? "no error" : outcome.error().detail;
}

// A folder that goes away with its one file.
class Folder {
 public:
  Folder() { REQUIRE(mkdtemp(path_.data()) != nullptr); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    unlink(file().c_str());
    rmdir(path_.c_str());
  }
  [[nodiscard]] std::string file() const { return path_ + "/r.yaml"; }
  [[nodiscard]] const std::string& path() const { return path_; }
  void write(const std::string& text) const { std::ofstream(file()) << text; }

 private:
  std::string path_ = "/tmp/ringcast-arguments-XXXXXX";
};

std::string error_of(const Result<config::Loaded>& loaded) {
  return loaded ? "no error" : loaded.error().detail;
}

TEST_CASE("app: without arguments the default file may be missing") {
  const Arguments arguments = arguments_of({});
  CHECK(arguments.config_file == "/etc/ringcast/ringcast.yaml");
  CHECK_FALSE(arguments.config_file_given);
  CHECK_FALSE(arguments.check_config);
  CHECK_FALSE(arguments.print_config);
}

TEST_CASE("app: every option is read") {
  const Arguments arguments =
      arguments_of({"--config", "x.yaml", "--check-config", "--print-config"});
  CHECK(arguments.config_file == "x.yaml");
  CHECK(arguments.config_file_given);
  CHECK(arguments.check_config);
  CHECK(arguments.print_config);
}

TEST_CASE("app: set and listen can be repeated, with one value each") {
  const Arguments arguments =
      arguments_of({"--set", "a=1", "--listen", "[::1]:1", "--set=b=[1,2]", "--listen=unix:/a",
                    "--set", "topics=[{match: a}, {match: b}]"});
  CHECK(arguments.set ==
        std::vector<std::string>{"a=1", "b=[1,2]", "topics=[{match: a}, {match: b}]"});
  CHECK(arguments.listen == std::vector<std::string>{"[::1]:1", "unix:/a"});
  CHECK(error_of({"--set", "a=1", "b=2"}) == "unexpected argument b=2 (see ringcastd --help)");
}

TEST_CASE("app: help and version are answers") {
  const std::string help = answer_to("--help");
  CHECK(help == answer_to("-h"));
  for (const char* word : {"--config", "--set", "--listen", "--check-config", "--print-config",
                           "--version", "--help", "RINGCAST_CONFIG", kDefaultConfigFile}) {
    CAPTURE(word);
    CHECK(help.find(word) != std::string::npos);
  }
  CHECK(answer_to("--version") == "ringcastd " RINGCAST_VERSION "\n");
}

TEST_CASE("app: a wrong command line is one line that names what is wrong") {
  CHECK(error_of({"--confg", "x"}) ==
        "unknown option --confg; did you mean --config? (see ringcastd --help)");
  CHECK(error_of({"--zzzzzzzzz"}) == "unknown option --zzzzzzzzz (see ringcastd --help)");
  CHECK(error_of({"extra"}) == "unexpected argument extra (see ringcastd --help)");
  for (const char* option : {"--config", "--set", "--listen"}) {
    const std::string detail = error_of({option});
    CHECK(detail == std::string(option) + " needs a value (see ringcastd --help)");
  }
  CHECK(error_of({"--config", "a", "--config", "b"}).starts_with("--config"));
}

TEST_CASE("app: only our variables are taken from the environment") {
  const char* const environment[] = {
      "HOME=/x", "RINGCAST_A=1=2", "RINGCAST_B=", "RINGCAST_C", "XRINGCAST_D=1", nullptr};
  CHECK(ringcast_variables(environment) ==
        std::map<std::string, std::string>{{"RINGCAST_A", "1=2"}, {"RINGCAST_B", ""}});
}

TEST_CASE("app: the default file is read only if it exists") {
  const Folder folder;
  Arguments arguments;
  arguments.config_file = folder.file();
  CHECK(load_configuration(arguments, {})->config == config::Config());
  folder.write("page: false\n");
  CHECK_FALSE(load_configuration(arguments, {})->config.server.page);
}

TEST_CASE("app: a file that was asked for must exist") {
  const Folder folder;
  Arguments arguments;
  arguments.config_file = folder.file();
  arguments.config_file_given = true;
  const std::string missing = folder.file() + ": No such file or directory";
  CHECK(error_of(load_configuration(arguments, {})) == missing);
  CHECK(error_of(load_configuration({}, {{"RINGCAST_CONFIG", folder.file()}})) == missing);
}

TEST_CASE("app: the config flag wins over the variable, the variable over the default") {
  const Folder folder;
  folder.write("page: false\n");
  Arguments arguments;
  CHECK_FALSE(
      load_configuration(arguments, {{"RINGCAST_CONFIG", folder.file()}})->config.server.page);
  arguments.config_file = folder.file();
  arguments.config_file_given = true;
  CHECK(load_configuration(arguments, {{"RINGCAST_CONFIG", "/nowhere"}}).has_value());
}

TEST_CASE("app: errors in the file have its name and place") {
  const Folder folder;
  folder.write("drain: 20s\npgae: false\n");
  Arguments arguments;
  arguments.config_file = folder.file();
  CHECK(error_of(load_configuration(arguments, {})) ==
        folder.file() + ":2:1: pgae: unknown key; did you mean page?");
}

TEST_CASE("app: a folder is no configuration") {
  const Folder folder;
  Arguments arguments;
  arguments.config_file = folder.path();
  arguments.config_file_given = true;
  CHECK(error_of(load_configuration(arguments, {})) == folder.path() + ": Is a directory");
}

TEST_CASE("app: flags and variables reach the configuration") {
  Arguments arguments = arguments_of({"--set", "page=false", "--listen", "127.0.0.1:1"});
  arguments.config_file = "/nowhere/at/all";
  const auto loaded = load_configuration(arguments, {{"RINGCAST_WORKERS", "2"}});
  REQUIRE(loaded);
  CHECK_FALSE(loaded->config.server.page);
  CHECK(loaded->config.workers == 2);
  CHECK(loaded->config.listen.at(0).address.port == 1);
}

}  // namespace
}  // namespace ringcast::app::app_arguments_test
