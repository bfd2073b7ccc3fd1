#include "app/service_status.h"

namespace ringcast::app {

namespace {

std::string counted(uint64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

std::string status_text(const ServiceStatus& status) {
  switch (status.phase) {
    case ServiceStatus::Phase::kStarting:
      return "reading the journal: " + counted(status.read_topics, "topic") + ", " +
             std::to_string(status.read_events) + " of at most " +
             counted(status.journal_events, "event");
    case ServiceStatus::Phase::kDraining:
      return "draining: " + counted(status.subscribers, "stream") + " left, " +
             std::to_string((status.drain_left_ms + 999) / 1000) + " s at most";
    case ServiceStatus::Phase::kEnding:
      return "ending";
    case ServiceStatus::Phase::kServing:
      break;
  }
  std::string text = "serving " + counted(status.subscribers, "subscriber") + ", " +
                     counted(status.topics, "topic") + "; listening on ";
  for (size_t i = 0; i < status.addresses.size(); ++i) {
    text += (i == 0 ? "" : ", ") + status.addresses[i];
  }
  text += status.is_journal_failing ? "; the journal fails: publishes are refused" : "";
  text += status.has_failed_reload ? "; the last reload failed, the old configuration stays" : "";
  return text;
}

}  // namespace ringcast::app
