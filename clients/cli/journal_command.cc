#include "cli/journal_command.h"

#include <cstdint>
#include <string_view>

#include "cli/journal_import.h"
#include "cli/journal_stats.h"
#include "cli/messages.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "journal/export.h"
#include "journal/inspect.h"
#include "journal/inspect_check.h"

namespace ringcast::cli {
namespace {

constexpr uint64_t kMostFaults = 100;

ExitCode complain_of_reading(const Error& error) {
  complain(error.detail);
  return ExitCode::kUsage;
}

ExitCode check(const JournalOptions& options, Output& output) {
  Progress progress;
  uint64_t faults = 0;
  const Status read = journal::check(
      options.directory, {.is_quick = options.quick,
                          .on_fault =
                              [&](const std::string& fault) {
                                if (++faults <= kMostFaults) {
                                  progress.clear();
                                  output.write(one_line(fault) + "\n");
                                }
                              },
                          .on_progress =
                              [&progress](std::string_view phase, uint64_t done) {
                                const std::string count =
                                    done == 0 ? "" : " " + std::to_string(done);
                                progress.show("checking " + std::string(phase) + count, done == 0);
                              }});
  progress.clear();
  if (!read) {
    return complain_of_reading(read.error());
  }
  if (faults > kMostFaults) {
    output.write("and " + std::to_string(faults - kMostFaults) + " more\n");
  }
  if (faults == 0) {
    output.write("no faults\n");
  }
  return faults > 0 ? ExitCode::kRefused : output.exit_code();
}

ExitCode show_stats(const JournalOptions& options, Output& output) {
  const auto stats = journal::read_stats(
      options.directory, options.topics.value_or(0),
      options.by_events ? journal::Largest::kByEvents : journal::Largest::kByBytes);
  if (!stats) {
    return complain_of_reading(stats.error());
  }
  output.write(options.json ? stats_json(*stats) : stats_text(*stats));
  return output.exit_code();
}

ExitCode write_out(const JournalOptions& options, Output& output) {
  const Status done = journal::export_events(
      options.directory, {.patterns = options.patterns, .after = options.after.value_or(0)},
      [&output](std::string_view lines) { return output.write(lines); });
  return done ? output.exit_code() : complain_of_reading(done.error());
}

}  // namespace

ExitCode run_journal(const std::string& command, const JournalOptions& options, Output& output) {
  if (command == "journal check") {
    return check(options, output);
  }
  if (command == "journal stats") {
    return show_stats(options, output);
  }
  if (command == "journal export") {
    return write_out(options, output);
  }
  return import_journal(options, output);
}

}  // namespace ringcast::cli
