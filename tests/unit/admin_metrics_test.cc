#include <doctest/doctest.h>

#include <array>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "admin/metrics.h"

namespace ringcast::admin::admin_metrics_test {
namespace {

// "name value" as a line of its own.
bool has_sample(const std::string& text, const std::string& sample) {
  return ("\n" + text).find("\n" + sample + "\n") != std::string::npos;
}

TEST_CASE("admin: metrics add up what the workers have counted") {
  server::WorkerCounts first;
  server::WorkerCounts second;
  first.accepted.add(2);
  second.accepted.add(3);
  first.closed[static_cast<size_t>(server::CloseReason::kStalled)].add();
  second.closed[static_cast<size_t>(server::CloseReason::kStalled)].add();
  server::Fanout::Counts fanout;
  fanout.deliveries.add(7);
  fanout.bytes.add(70);
  fanout.blocked.add(3);
  fanout.unblocked.add(2);
  fanout.gaps[static_cast<size_t>(sse::GapReason::kLagged)].add(4);
  const std::string text = render_metrics({.hub = {.published = 11, .memory_limit = 1000},
                                           .workers = {&first, &second},
                                           .fanouts = {&fanout, &fanout},
                                           .connections = 5,
                                           .subscribers = 4});
  CHECK(has_sample(text, "ringcast_events_published_total 11"));
  CHECK(has_sample(text, "ringcast_memory_limit_bytes 1000"));
  CHECK(has_sample(text, "ringcast_connections 5"));
  CHECK(has_sample(text, "ringcast_subscribers 4"));
  CHECK(has_sample(text, "ringcast_connections_accepted_total 5"));
  CHECK(has_sample(text, "ringcast_deliveries_total 14"));
  CHECK(has_sample(text, "ringcast_delivered_bytes_total 140"));
  CHECK(has_sample(text, "ringcast_subscribers_blocked 2"));
  CHECK(has_sample(text, "ringcast_gaps_total{reason=\"lagged\"} 8"));
  CHECK(has_sample(text, "ringcast_disconnects_total{reason=\"stalled\"} 2"));
}

TEST_CASE("admin: every reason has its sample, also at zero") {
  const std::string text = render_metrics({});
  for (const char* reason : {"expired", "deleted", "lost", "lagged", "epoch", "unknown"}) {
    CAPTURE(reason);
    CHECK(has_sample(text, std::string("ringcast_gaps_total{reason=\"") + reason + "\"} 0"));
  }
  for (const char* reason :
       {"peer", "done", "idle", "timeout", "stalled", "lagged", "drain", "overload", "token"}) {
    CAPTURE(reason);
    CHECK(has_sample(text, std::string("ringcast_disconnects_total{reason=\"") + reason + "\"} 0"));
  }
}

TEST_CASE("admin: responses are counted by the class of their status") {
  server::WorkerCounts worker;
  for (const int status : {200, 204, 404, 499, 500, 503, 599}) {
    worker.count_response(status);
  }
  const std::string text = render_metrics({.workers = {&worker}});
  CHECK(has_sample(text, "ringcast_responses_total{code=\"1xx\"} 0"));
  CHECK(has_sample(text, "ringcast_responses_total{code=\"2xx\"} 2"));
  CHECK(has_sample(text, "ringcast_responses_total{code=\"4xx\"} 2"));
  CHECK(has_sample(text, "ringcast_responses_total{code=\"5xx\"} 3"));
  CHECK(has_sample(text, "ringcast_requests_refused_total 5"));
}

TEST_CASE("admin: a histogram is in seconds, cumulative, and adds up what the workers measured") {
  server::WorkerCounts first;
  server::WorkerCounts second;
  first.publishes.observe(100);
  second.publishes.observe(101, 2);
  second.publishes.observe(20'000'000);
  const std::string text = render_metrics({.workers = {&first, &second}});
  const std::string name = "ringcast_publish_duration_seconds";
  CHECK(has_sample(text, name + "_bucket{le=\"0.0001\"} 1"));
  CHECK(has_sample(text, name + "_bucket{le=\"0.00025\"} 3"));
  CHECK(has_sample(text, name + "_bucket{le=\"10\"} 3"));
  CHECK(has_sample(text, name + "_bucket{le=\"+Inf\"} 4"));
  CHECK(has_sample(text, name + "_count 4"));
  CHECK(has_sample(text, name + "_sum 20.000302"));
}

TEST_CASE("admin: each worker has a loop lag of its own") {
  server::WorkerCounts first;
  server::WorkerCounts second;
  second.loop_lag.observe(3000);
  const std::string text = render_metrics({.workers = {&first, &second}});
  CHECK(has_sample(text, "ringcast_loop_lag_seconds_count{worker=\"0\"} 0"));
  CHECK(has_sample(text, "ringcast_loop_lag_seconds_count{worker=\"1\"} 1"));
  CHECK(has_sample(text, "ringcast_loop_lag_seconds_bucket{worker=\"1\",le=\"0.0025\"} 0"));
  CHECK(has_sample(text, "ringcast_loop_lag_seconds_bucket{worker=\"1\",le=\"0.005\"} 1"));
}

TEST_CASE("admin: rules have samples by their match, what has none counts in the totals only") {
  const std::string text = render_metrics({.tallies = {{"a/**", 5, 2, 20}, {"", 7, 3, 30}}});
  CHECK(has_sample(text, "ringcast_topic_events_published_total{match=\"a/**\"} 5"));
  CHECK(has_sample(text, "ringcast_topic_ring_events{match=\"a/**\"} 2"));
  CHECK(has_sample(text, "ringcast_topic_ring_bytes{match=\"a/**\"} 20"));
  CHECK(has_sample(text, "ringcast_ring_events 5"));
  CHECK(has_sample(text, "ringcast_ring_bytes 50"));
  CHECK(text.find("match=\"\"") == std::string::npos);
  CHECK(render_metrics({.tallies = {{"", 7, 3, 30}}}).find("match=") == std::string::npos);
}

TEST_CASE("admin: what the system does not say of the process is left out") {
  const std::string text = render_metrics(
      {.process = {.cpu_seconds = 1.5, .open_descriptors = 12}, .started_unix_ms = 2500});
  CHECK(has_sample(text, "process_cpu_seconds_total 1.5"));
  CHECK(has_sample(text, "process_open_fds 12"));
  CHECK(has_sample(text, "process_start_time_seconds 2.5"));
  CHECK(text.find("process_resident_memory_bytes") == std::string::npos);
}

TEST_CASE("admin: the numbers of a process are those of the system") {
  const ProcessNumbers before = read_process();
  const std::array pipes = {std::ifstream("/proc/self/stat"), std::ifstream("/proc/self/stat")};
  const ProcessNumbers after = read_process();
  REQUIRE(before.open_descriptors);
  CHECK(*after.open_descriptors == *before.open_descriptors + pipes.size());
  CHECK(*after.open_descriptors < *after.most_descriptors);
  CHECK(list_descriptors() == after.open_descriptors);
  CHECK(after.cpu_seconds >= before.cpu_seconds);
  CHECK(after.cpu_seconds > 0);
  CHECK(*after.resident_bytes > 1'000'000);
  CHECK(*after.virtual_bytes >= *after.resident_bytes);
}

TEST_CASE("admin: the journal has its metrics where there is one") {
  server::JournalThread::Counts journal;
  journal.commits.add(3);
  journal.disk_bytes = 4096;
  journal.is_failing = true;
  journal.limit_bytes = 8192;
  journal.syncs.observe(400);
  DurationHistogram writes;
  writes.observe(3000);
  const std::string text =
      render_metrics({.hub = {.left_journal = 2, .pending_bytes = 9, .pending_limit = 100},
                      .journal = &journal,
                      .journal_writes = &writes});
  CHECK(has_sample(text, "ringcast_journal_commits_total 3"));
  CHECK(has_sample(text, "ringcast_journal_failures_total 0"));
  CHECK(has_sample(text, "ringcast_journal_failing 1"));
  CHECK(has_sample(text, "ringcast_journal_events_removed_total 2"));
  CHECK(has_sample(text, "ringcast_journal_pending_bytes 9"));
  CHECK(has_sample(text, "ringcast_journal_pending_limit_bytes 100"));
  CHECK(has_sample(text, "ringcast_journal_disk_bytes 4096"));
  CHECK(has_sample(text, "ringcast_journal_limit_bytes 8192"));
  CHECK(has_sample(text, "ringcast_journal_write_duration_seconds_sum 0.003"));
  CHECK(has_sample(text, "ringcast_journal_sync_duration_seconds_sum 0.0004"));
  CHECK(render_metrics({}).find("ringcast_journal") == std::string::npos);
}

TEST_CASE("admin: reloads count by their outcome, and certificates say when they expire") {
  const std::string text =
      render_metrics({.reloads = {.done = 3, .failed = 1, .has_failed = true},
                      .certificates = {{.file = "/a.pem", .expires_unix_s = 1'800'000'000}}});
  CHECK(has_sample(text, "ringcast_config_reloads_total{outcome=\"done\"} 3"));
  CHECK(has_sample(text, "ringcast_config_reloads_total{outcome=\"failed\"} 1"));
  CHECK(has_sample(text, "ringcast_config_reload_failing 1"));
  CHECK(has_sample(text,
                   "ringcast_certificate_expiry_timestamp_seconds{file=\"/a.pem\"} 1800000000"));
  CHECK(has_sample(render_metrics({}), "ringcast_config_reload_failing 0"));
  CHECK(render_metrics({}).find("ringcast_certificate") == std::string::npos);
}

TEST_CASE("admin: memory that is counted below zero for a moment is shown as zero") {
  CHECK(has_sample(render_metrics({.hub = {.memory_used = -5}}), "ringcast_memory_used_bytes 0"));
}

TEST_CASE("admin: every metric has its help and type once, and counters end in _total") {
  std::istringstream lines(render_metrics({}));
  std::set<std::string> typed;
  std::set<std::string> helped;
  std::string line;
  while (std::getline(lines, line)) {
    CAPTURE(line);
    std::istringstream words(line);
    std::string first;
    std::string what;
    std::string name;
    std::string type;
    words >> first >> what >> name >> type;
    if (first != "#") {
      const std::string sample = first.substr(0, first.find('{'));
      const bool is_of_histogram =
          sample.ends_with("_bucket") || sample.ends_with("_sum") || sample.ends_with("_count");
      const std::string family = is_of_histogram ? sample.substr(0, sample.rfind('_')) : sample;
      REQUIRE(typed.contains(family));
    } else if (what == "HELP") {
      CHECK(helped.insert(name).second);
      CHECK_FALSE(type.empty());
    } else {
      CHECK(what == "TYPE");
      CHECK(typed.insert(name).second);
      CHECK((name.starts_with("ringcast_") || name.starts_with("process_")));
      CHECK((type == "counter") == name.ends_with("_total"));
    }
  }
  CHECK(typed == helped);
  CHECK(typed.size() > 15);
}

}  // namespace
}  // namespace ringcast::admin::admin_metrics_test
