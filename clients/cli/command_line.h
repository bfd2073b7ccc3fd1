#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/options.h"

namespace ringcast::cli {

// What the user may type, with its help; parses into Options. CLI11 only here, in
// journal_command_line, token_command_line and completion.
class CommandLine {
 public:
  CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // What to do with the arguments: run the named command, or print `text` (help, version).
  struct Parsed {
    std::string command;  // With its subcommand: "journal check".
    std::string text;
  };
  // kInvalid says what is wrong, for exit code 2.
  Result<Parsed> parse(int argc, const char* const* argv);

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const CLI::App& app() const { return app_; }

 private:
  void add_connect_options(CLI::App& command);
  void add_publish();
  void add_subscribe();
  void add_look();
  void add_rest();
  Status complete();

  CLI::App app_;
  Options options_;
};

}  // namespace ringcast::cli
