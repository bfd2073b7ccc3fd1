#include <doctest/doctest.h>

#include "app/service_status.h"

namespace ringcast::app::app_service_status_test {
namespace {

using Phase = ServiceStatus::Phase;

TEST_CASE("app: the status of a service that serves") {
  CHECK(status_text({.phase = Phase::kServing,
                     .addresses = {"127.0.0.1:8080", "unix:/a"},
                     .subscribers = 213,
                     .topics = 1}) ==
        "serving 213 subscribers, 1 topic; listening on 127.0.0.1:8080, unix:/a");
}

TEST_CASE("app: the status tells what an operator has to look at") {
  CHECK(status_text({.phase = Phase::kServing,
                     .addresses = {"[::1]:80"},
                     .is_journal_failing = true,
                     .has_failed_reload = true}) ==
        "serving 0 subscribers, 0 topics; listening on [::1]:80; the journal fails: publishes are "
        "refused; the last reload failed, the old configuration stays");
}

TEST_CASE("app: the status of a start, of a drain and of the end") {
  CHECK(status_text({.phase = Phase::kStarting,
                     .read_topics = 2,
                     .read_events = 500,
                     .journal_events = 70'000}) ==
        "reading the journal: 2 topics, 500 of at most 70000 events");
  CHECK(status_text({.phase = Phase::kDraining, .subscribers = 1, .drain_left_ms = 11'001}) ==
        "draining: 1 stream left, 12 s at most");
  CHECK(status_text({.phase = Phase::kEnding}) == "ending");
}

}  // namespace
}  // namespace ringcast::app::app_service_status_test
