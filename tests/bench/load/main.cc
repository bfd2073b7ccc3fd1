#include <CLI/CLI.hpp>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "load/scenarios.h"

namespace {

using ringcast::bench::Bench;
using ringcast::bench::PublicationOptions;
using ringcast::bench::Report;
using ringcast::bench::Settings;

void add_target(CLI::App& app, ringcast::bench::Target& target) {
  app.add_option("--address", target.address, "The broker")->capture_default_str();
  app.add_option("--publish-address", target.publish_address, "If it publishes elsewhere");
  app.add_option("--subscribe-path", target.subscribe_path)->capture_default_str();
  app.add_option("--subscribe-header", target.subscribe_headers, "'Name: value'; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--publish-path", target.publish_path)->capture_default_str();
  app.add_option("--publish-header", target.publish_headers, "'Name: value'; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--publish-body", target.publish_body)->capture_default_str();
}

void add_load(CLI::App& app, Settings& settings) {
  PublicationOptions& publication = settings.publication;
  app.add_option("--subscribers", settings.subscribers)->capture_default_str();
  app.add_option("--topics", settings.topics, "That have subscribers")->capture_default_str();
  app.add_option("--more-topics", settings.more_topics, "That only hold an event");
  app.add_option("--stalled", settings.stalled, "Subscribers that never read");
  app.add_option("--live", settings.live, "reconnect, history: subscribers that stay")
      ->capture_default_str();
  app.add_option("--events", settings.events, "replay, reconnect, history: so many are missed")
      ->capture_default_str();
  app.add_option("--older", settings.older, "history: events before those");
  app.add_option("--publishers", publication.publishers)->capture_default_str();
  app.add_option("--in-flight", publication.in_flight, "Requests of each publisher, closed loop")
      ->capture_default_str();
  app.add_option("--rate", publication.rate, "Events per second of all; open loop");
  app.add_option("--batch", publication.batch, "Events in one request, a line for each")
      ->capture_default_str();
  app.add_option("--payload", publication.payload, "Bytes of an event's data, at least 32")
      ->capture_default_str();
  app.add_option("--seconds", settings.seconds)->capture_default_str();
  app.add_option("--warm-up", settings.warm_up, "Seconds before")->capture_default_str();
  app.add_option("--patience", settings.patience, "Seconds without progress until it gives up")
      ->capture_default_str();
  app.add_option("--connects-at-once", settings.connects_at_once, "Unanswered at a time")
      ->capture_default_str();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Puts load on any SSE broker, checks every stream, and prints what it measured as JSON.");
  Settings settings;
  settings.shows_progress = ::isatty(STDERR_FILENO) != 0;
  void (*scenario)(Bench&, Report&) = nullptr;
  const auto add_scenario = [&](const char* name, const char* about, void (*run)(Bench&, Report&)) {
    app.add_subcommand(name, about)->callback([&scenario, run] { scenario = run; });
  };
  app.require_subcommand(1);
  app.fallthrough();
  add_target(app, settings.target);
  add_load(app, settings);
  app.add_option("--server-pids", settings.server_pids, "Whose CPU and memory count")
      ->delimiter(',');
  app.add_flag(
      "--sleep", settings.sleeps,
      "Sleep when there is nothing to do, so that the server pays for waking this program");
  app.add_flag("--progress,!--no-progress", settings.shows_progress, "Show a status line");
  add_scenario("fanout", "Live events to subscribers", &ringcast::bench::run_fanout);
  add_scenario("idle", "Connections that do nothing", &ringcast::bench::run_idle);
  add_scenario("replay", "Subscribers that resume over --events", &ringcast::bench::run_replay);
  add_scenario("history", "Subscribers that resume far back, while others are served",
               &ringcast::bench::run_history);
  add_scenario("reconnect", "All are cut off and come back", &ringcast::bench::run_reconnect);
  CLI11_PARSE(app, argc, argv);

  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  Bench bench(settings);
  Report report;
  scenario(bench, report);
  if (settings.shows_progress) {
    std::fprintf(stderr, "\r\033[K");
  }
  report.print();
  return report.is_clean() ? 0 : 3;
}
