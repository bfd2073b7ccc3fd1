#include "cli/journal_command_line.h"

#include <string>

#include "cli/command_names.h"
#include "topics/name.h"

namespace ringcast::cli {
namespace {

constexpr const char* kJournalFooter = R"(
DIR is what ringcastd has as journal.path. check, stats and export work beside a running daemon.

Examples:
  ringcast journal stats /var/lib/ringcast
  ringcast journal check /var/lib/ringcast
  ringcast journal export /var/lib/ringcast > events.ndjson)";

constexpr const char* kCheckFooter = R"(
Ends with 0 when all is well, 1 when there are faults (each is a line), 2 when it cannot be read.

Examples:
  ringcast journal check /var/lib/ringcast
  ringcast journal check backup --quick)";

constexpr const char* kStatsFooter = R"(
Examples:
  ringcast journal stats /var/lib/ringcast
  ringcast journal stats /var/lib/ringcast --topics 10 --by-events
  ringcast journal stats /var/lib/ringcast --json)";

constexpr const char* kExportFooter = R"(
Prints {"seq","time","topics","event","id","retry","data"}, one event a line, all of one moment.
What import reads; POST /events takes it without seq and time.

Examples:
  ringcast journal export /var/lib/ringcast > events.ndjson
  ringcast journal export /var/lib/ringcast --topic 'orders/**' --after 1000 | head)";

constexpr const char* kImportFooter = R"(
No daemon may use DIR, which is made when it is missing. The events get new numbers behind what is there, and all ids that clients
have are of another epoch afterwards. A line that is wrong ends it with code 1; those before stay.

Examples:
  ringcast journal import /var/lib/ringcast events.ndjson
  ringcast journal export old | ringcast journal import new)";

CLI::App& add_command(CLI::App& journal, JournalOptions& options, const std::string& name,
                      const std::string& description, const char* footer) {
  CLI::App& command = *journal.add_subcommand(name, description);
  command.footer(footer);
  command.add_option("directory", options.directory, "The journal's directory")
      ->required()
      ->type_name("");
  return command;
}

std::string why_no_topics(const std::string& text) {
  const auto checked = topics::check_pattern(text);
  return checked ? std::string() : checked.error().detail;
}

}  // namespace

void add_journal(CLI::App& app, JournalOptions& options) {
  CLI::App& journal = *app.add_subcommand("journal", "Look after a journal's directory");
  journal.require_subcommand(1);
  journal.footer(kJournalFooter);

  CLI::App& check =
      add_command(journal, options, "check", "Look for faults in a journal", kCheckFooter);
  check.add_flag("--quick", options.quick, "Do not compare indexes with their tables");

  CLI::App& stats = add_command(journal, options, "stats", "Say what it holds", kStatsFooter);
  CLI::Option* topics =
      add_number(stats, "--topics", options.topics, "Also the N topics with the most bytes");
  stats.add_flag("--by-events", options.by_events, "...or with the most events")->needs(topics);
  stats.add_flag("--json", options.json, "Print one JSON object");

  CLI::App& exporting =
      add_command(journal, options, "export", "Print its events as NDJSON", kExportFooter);
  exporting
      .add_option("--topic", options.patterns,
                  "Only of this topic or pattern; can be given more than once")
      ->allow_extra_args(false)
      ->check(why_no_topics)
      ->type_name("PATTERN");
  add_number(exporting, "--after", options.after, "Only events with a higher seq");

  CLI::App& importing =
      add_command(journal, options, "import", "Add events from NDJSON", kImportFooter);
  importing.add_option("file", options.file, "What to read; - or nothing is standard input")
      ->type_name("");
}

}  // namespace ringcast::cli
