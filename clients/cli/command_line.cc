#include "cli/command_line.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cli/command_names.h"
#include "cli/duration.h"
#include "cli/journal_command_line.h"
#include "cli/token_command_line.h"

namespace ringcast::cli {
namespace {

constexpr const char* kDefaultUrl = "http://127.0.0.1:8080";

constexpr const char* kMainFooter = R"(
Exit codes:
  0  done
  1  the broker refused or is not well; a journal has faults, is in use, or got a wrong line
  2  the command line or the input is wrong, or a journal cannot be read
  3  no connection to the broker, also after trying again
  4  --timeout passed before --count events came

Environment: RINGCAST_URL, RINGCAST_TOKEN, RINGCAST_CACERT.
`ringcast COMMAND --help` shows options and examples.)";

constexpr const char* kPublishFooter = R"(
Without DATA and --file every line of standard input is an event, sent as it comes.
What a broken connection left unanswered is sent again, and never stored twice.

Examples:
  ringcast pub orders/7 'paid'
  ringcast pub --json --event price stocks/ACME '{"bid": 1.50}'
  ringcast pub reports/today -f report.txt
  vmstat 1 | ringcast pub demo/vmstat)";

constexpr const char* kSubscribeFooter = R"(
A topic may be a pattern: `*` is one segment, `**` at the end any number of them.
Connections that end are made again and go on where they were; what is missing is told on
standard error. SIGINT, SIGTERM and a closed output end the command with code 0.

Examples:
  ringcast sub orders/7
  ringcast sub 'orders/**' stocks/ACME --json
  ringcast sub demo/vmstat --since -10 -n 20
  ringcast sub jobs/42 --event done -n 1 -w 5m)";

constexpr const char* kTopicsFooter = R"(
Examples:
  ringcast topics
  ringcast topics orders/ --json)";

constexpr const char* kHistoryFooter = R"(
Prints id, time, type and data, separated by tabs; line ends and control characters in the data
are shown as \n, \t and \xNN.

Examples:
  ringcast history orders/7
  ringcast history orders/7 --limit 10 --json)";

constexpr const char* kHealthFooter = R"(
Ends with 0 when the broker is ready, else with 1 and the reason on standard error.

Examples:
  ringcast health
  ringcast health --timeout 500ms --url unix:/run/ringcast/ringcast.sock)";

constexpr const char* kCompletionFooter = R"(
Examples:
  source <(ringcast completion bash)
  ringcast completion zsh > ~/.zfunc/_ringcast
  ringcast completion fish > ~/.config/fish/completions/ringcast.fish)";

// Reads a time with parse_duration_ms() into `target`, which may be an optional.
template <typename Target>
CLI::Option* add_duration(CLI::App& command, const std::string& name, Target& target,
                          const std::string& description) {
  return command
      .add_option_function<std::string>(
          name,
          [&target, name](const std::string& text) {
            auto parsed = parse_duration_ms(text);
            if (!parsed) {
              throw CLI::ValidationError(name, parsed.error().detail);
            }
            target = *parsed;
          },
          description)
      ->type_name("TIME");
}

// Many values, one each time: the next argument is not taken for another.
CLI::Option* one_at_a_time(CLI::Option* option) {
  return option->allow_extra_args(false);
}

std::string from_environment(const std::string& flag, const char* name,
                             const std::string& fallback) {
  if (!flag.empty()) {
    return flag;
  }
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : fallback;
}

// CLI11 reads the positional "[a,b]" as the list a, b: better no subscription than another one.
bool is_bracketed(std::string_view text) {
  return text.starts_with('[') && text.ends_with(']');
}

// These go into header lines as they are.
Status check_header_value(std::string_view what, std::string_view value) {
  const bool is_safe =
      std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return is_safe ? Status(Ok{})
                 : fail(Errc::kInvalid, std::string(what) + " must be printable ASCII");
}

}  // namespace

CommandLine::CommandLine()
    : app_("Publish to and read from a ringcast broker (server-sent events).", "ringcast") {
  app_.require_subcommand(1);
  app_.footer(kMainFooter);
  app_.set_version_flag("--version", "ringcast " RINGCAST_VERSION, "Print the version");
  app_.get_formatter()->column_width(32);
  add_connect_options(app_);
  add_publish();
  add_subscribe();
  add_look();
  add_journal(app_, options_.journal);
  add_token(app_, options_.token);
  add_rest();
}

void CommandLine::add_connect_options(CLI::App& command) {
  ConnectOptions& connect = options_.connect;
  command
      .add_option("--url", connect.url,
                  "Where the broker is, also unix:/path/to.sock [RINGCAST_URL, else " +
                      std::string(kDefaultUrl) + "]")
      ->type_name("URL");
  command
      .add_option("--token", connect.token,
                  "Bearer token; others see it in the process list, so prefer [RINGCAST_TOKEN]")
      ->type_name("TOKEN");
  command
      .add_option("--cacert", connect.ca_file,
                  "Certificates to trust instead of the system's [RINGCAST_CACERT]")
      ->type_name("FILE");
  command.add_flag("--insecure", connect.insecure,
                   "Do not check the broker's certificate: for trying things out only");
}

void CommandLine::add_publish() {
  PublishOptions& options = options_.publish;
  CLI::App& command = *app_.add_subcommand("pub", "Publish events to a topic");
  command.footer(kPublishFooter);
  command.add_option("topic", options.topic, "Where to publish")->required()->type_name("");
  auto* data = command.add_option_function<std::string>(
      "data", [&options](const std::string& text) { options.data = text; },
      "The event's data; without it, each line of standard input is an event");
  data->type_name("");
  command
      .add_option("-f,--file", options.file,
                  "The whole file is one event; - is all of standard input")
      ->type_name("FILE")
      ->excludes(data);
  command.add_option("--event", options.event, "The event's type")->type_name("TYPE");
  command.add_option("--id", options.id, "The event's id, instead of the broker's")
      ->type_name("ID");
  add_number(command, "--retry", options.retry_ms, "Tell subscribers to reconnect after N ms");
  command
      .add_option("--key", options.key,
                  "Idempotency key: the same key again stores nothing; lines get KEY-1, KEY-2, …")
      ->type_name("KEY");
  command.add_flag("--json", options.json, "Data must be JSON and is sent minified");
  command.add_flag("-v,--print-id", options.print_id, "Print the id of each event");
  add_duration(command, "--retry-for", options.retry_for_ms,
               "How long to try again when the broker cannot be reached or is busy [30s]");
  add_connect_options(command);
}

void CommandLine::add_subscribe() {
  SubscribeOptions& options = options_.subscribe;
  CLI::App& command = *app_.add_subcommand("sub", "Print the events of topics as they come");
  command.footer(kSubscribeFooter);
  command.add_option("topics", options.topics, "Topics or patterns")->required()->type_name("");
  command
      .add_option("--since", options.since,
                  "Start with: latest, earliest, -N (the last N), an age such as 10m, or a time")
      ->type_name("WHEN");
  command.add_option("--last-event-id", options.last_event_id, "Start after this event")
      ->type_name("ID");
  add_number(command, "-n,--count", options.count, "End after N events")
      ->check([](const std::string& text) {
        return parse_uint(text) == 0U ? std::string("must be at least 1") : std::string();
      });
  add_duration(command, "-w,--timeout", options.timeout_ms,
               "End after this time; with code 4 when --count events did not come");
  one_at_a_time(
      command.add_option("--event", options.events, "Only this type; can be given more than once"))
      ->type_name("TYPE");
  command.add_flag("--json", options.json, R"(Print {"id","event","data"}, one event a line)");
  command.add_flag("--envelope", options.envelope,
                   R"(Data becomes {"id","time","topic","event","data"})");
  add_duration(command, "--retry-for", options.retry_for_ms,
               "How long to try again when the broker cannot be reached or is busy [5m]");
  add_connect_options(command);
}

void CommandLine::add_look() {
  CLI::App& topics = *app_.add_subcommand("topics", "List topics");
  topics.footer(kTopicsFooter);
  topics.add_option("prefix", options_.topics.prefix, "Only topics that start with this")
      ->type_name("");
  topics.add_flag("--json", options_.topics.json, "Print one JSON object a line");
  add_connect_options(topics);

  CLI::App& history = *app_.add_subcommand("history", "Print what a topic retains");
  history.footer(kHistoryFooter);
  history.add_option("topic", options_.history.topic, "The topic")->required()->type_name("");
  history.add_option("--after", options_.history.after, "Only what follows this event")
      ->type_name("ID");
  add_number(history, "--limit", options_.history.limit, "At most N events");
  history.add_flag("--json", options_.history.json, "Print one JSON object a line");
  add_connect_options(history);

  CLI::App& health = *app_.add_subcommand("health", "Ask whether the broker is ready");
  health.footer(kHealthFooter);
  add_duration(health, "--timeout", options_.health.timeout_ms, "How long to wait [2s]");
  add_connect_options(health);
}

void CommandLine::add_rest() {
  app_.add_subcommand("version", "Print the version");
  CLI::App& completion = *app_.add_subcommand("completion", "Print a shell completion script");
  completion.footer(kCompletionFooter);
  completion.add_option("shell", options_.completion.shell, "bash, zsh or fish")
      ->required()
      ->type_name("");
}

Result<CommandLine::Parsed> CommandLine::parse(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Parsed{.command = {}, .text = help_of(app_)};
  } catch (const CLI::CallForVersion& version) {
    return Parsed{.command = {}, .text = std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    const auto [command, name] = command_of(app_);
    const auto extras = command->remaining();
    if (!command->get_subcommands({}).empty() && !extras.empty()) {
      return unknown_command(*command, name, extras.front());
    }
    return fail(Errc::kInvalid, std::string(error.what()) + see_help(name));
  }
  if (auto completed = complete(); !completed) {
    return std::move(completed).failure();
  }
  const std::string command = command_of(app_).second;
  if ((command == "sub" || command == "token new") &&
      std::any_of(argv, argv + argc, is_bracketed)) {
    return fail(Errc::kInvalid, command + " takes no arguments of the form [text]");
  }
  return Parsed{.command = command, .text = {}};
}

Status CommandLine::complete() {
  ConnectOptions& connect = options_.connect;
  connect.url = from_environment(connect.url, "RINGCAST_URL", kDefaultUrl);
  connect.token = from_environment(connect.token, "RINGCAST_TOKEN", "");
  connect.ca_file = from_environment(connect.ca_file, "RINGCAST_CACERT", "");
  if (auto token = check_header_value("the token", connect.token); !token) {
    return token;
  }
  if (auto key = check_header_value("--key", options_.publish.key); !key) {
    return key;
  }
  return check_header_value("--last-event-id", options_.subscribe.last_event_id);
}

}  // namespace ringcast::cli
