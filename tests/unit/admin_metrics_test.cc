#include <doctest/doctest.h>

#include <set>
#include <sstream>
#include <string>

#include "admin/metrics.h"

namespace ringcast::admin {
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
       {"peer", "done", "idle", "timeout", "stalled", "lagged", "drain", "overload"}) {
    CAPTURE(reason);
    CHECK(has_sample(text, std::string("ringcast_disconnects_total{reason=\"") + reason + "\"} 0"));
  }
}

TEST_CASE("admin: the journal has its metrics where there is one") {
  server::JournalThread::Counts journal;
  journal.commits.add(3);
  journal.disk_bytes = 4096;
  journal.is_failing = true;
  const std::string text =
      render_metrics({.hub = {.left_journal = 2, .pending_bytes = 9}, .journal = &journal});
  CHECK(has_sample(text, "ringcast_journal_commits_total 3"));
  CHECK(has_sample(text, "ringcast_journal_failures_total 0"));
  CHECK(has_sample(text, "ringcast_journal_failing 1"));
  CHECK(has_sample(text, "ringcast_journal_events_removed_total 2"));
  CHECK(has_sample(text, "ringcast_journal_pending_bytes 9"));
  CHECK(has_sample(text, "ringcast_journal_disk_bytes 4096"));
  CHECK(render_metrics({}).find("ringcast_journal") == std::string::npos);
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
      REQUIRE(typed.contains(first.substr(0, first.find('{'))));
    } else if (what == "HELP") {
      CHECK(helped.insert(name).second);
      CHECK_FALSE(type.empty());
    } else {
      CHECK(what == "TYPE");
      CHECK(typed.insert(name).second);
      CHECK(name.starts_with("ringcast_"));
      CHECK((type == "counter") == name.ends_with("_total"));
    }
  }
  CHECK(typed == helped);
  CHECK(typed.size() > 15);
}

}  // namespace
}  // namespace ringcast::admin
