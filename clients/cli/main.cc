#include <unistd.h>

#include <csignal>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "cli/broker.h"
#include "cli/command_line.h"
#include "cli/completion.h"
#include "cli/end_condition.h"
#include "cli/exit_code.h"
#include "cli/journal_command.h"
#include "cli/look.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/publish.h"
#include "cli/subscribe.h"
#include "cli/token.h"

namespace {

using ringcast::Error;
using ringcast::cli::Broker;
using ringcast::cli::CommandLine;
using ringcast::cli::EndCondition;
using ringcast::cli::ExitCode;
using ringcast::cli::Options;
using ringcast::cli::Output;

ExitCode complain_of_usage(const Error& error) {
  ringcast::cli::complain(error.detail);
  return ExitCode::kUsage;
}

ExitCode print(const std::string& text) {
  Output output(STDOUT_FILENO);
  output.write(text);
  return output.exit_code();
}

// The commands that talk to the broker.
ExitCode run_connected(const std::string& command, const Options& options) {
  // First of all, so that libcurl's threads find the signals blocked.
  std::optional<EndCondition> end;
  if (command == "sub") {
    end.emplace(STDOUT_FILENO, options.subscribe.timeout_ms);
  }
  auto broker = Broker::open(options.connect);
  if (!broker) {
    ringcast::cli::complain(broker.error().message);
    return ringcast::cli::exit_code_of(broker.error());
  }
  Output output(STDOUT_FILENO, end ? &*end : nullptr);
  if (end) {
    return subscribe(options.subscribe, *broker, *end, output);
  }
  if (command == "pub") {
    return publish(options.publish, *broker, output);
  }
  if (command == "topics") {
    return list_topics(options.topics, *broker, output);
  }
  if (command == "history") {
    return show_history(options.history, *broker, output);
  }
  return check_health(options.health, *broker);
}

ExitCode run(int argc, const char* const* argv) {
  CommandLine command_line;
  const auto parsed = command_line.parse(argc, argv);
  if (!parsed) {
    return complain_of_usage(parsed.error());
  }
  if (parsed->command.empty()) {
    return print(parsed->text);
  }
  if (parsed->command == "version") {
    return print("ringcast " RINGCAST_VERSION "\n");
  }
  if (parsed->command == "completion") {
    const auto& shell = command_line.options().completion.shell;
    const auto script = ringcast::cli::completion_script(command_line.app(), shell);
    return script ? print(*script) : complain_of_usage(script.error());
  }
  if (parsed->command.starts_with("journal ")) {
    Output output(STDOUT_FILENO);
    return run_journal(parsed->command, command_line.options().journal, output);
  }
  if (parsed->command == "token new") {
    Output output(STDOUT_FILENO);
    return make_token(command_line.options().token, output);
  }
  return run_connected(parsed->command, command_line.options());
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // A write says EPIPE instead.
  ExitCode code = ExitCode::kRefused;
  try {
    code = run(argc, argv);
  } catch (const std::exception& error) {
    ringcast::cli::complain(error.what());
  }
  return static_cast<int>(code);
}
