#include "admin/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <string_view>

namespace ringcast::admin {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::array<std::string_view, server::kCloseReasons> kCloseReasonNames = {
    "peer", "done", "idle", "timeout", "stalled", "lagged", "drain", "overload", "token"};

constexpr std::array<std::string_view, server::kLimits> kLimitNames = {
    "connections", "connections_per_address", "connections_per_token", "publish_rate_per_address",
    "publish_rate_per_token"};

ClientMetric metric(MetricType type, double value) {
  ClientMetric made;
  if (type == MetricType::Counter) {
    made.counter.value = value;
  } else {
    made.gauge.value = value;
  }
  return made;
}

class Families {
 public:
  void add(MetricType type, std::string name, std::string help, uint64_t value) {
    family(type, std::move(name), std::move(help))
        .metric.push_back(metric(type, static_cast<double>(value)));
  }

  MetricFamily& family(MetricType type, std::string name, std::string help) {
    MetricFamily& made = families_.emplace_back();
    made.name = std::move(name);
    made.help = std::move(help);
    made.type = type;
    return made;
  }

  [[nodiscard]] std::string text() const {
    return prometheus::TextSerializer().Serialize(families_);
  }

 private:
  std::vector<MetricFamily> families_;
};

template <typename Counts, typename Field>
uint64_t total(const std::vector<const Counts*>& all, Field field) {
  uint64_t sum = 0;
  for (const Counts* counts : all) {
    sum += field(*counts).value();
  }
  return sum;
}

void add_hub(Families& families, const server::HubCounts& hub) {
  const auto gauge = MetricType::Gauge;
  families.add(MetricType::Counter, "ringcast_events_published_total", "Events stored.",
               hub.published);
  families.add(MetricType::Counter, "ringcast_events_evicted_total",
               "Events that left a topic's ring.", hub.evicted);
  families.add(gauge, "ringcast_topics", "Topics with events or subscribers.", hub.topics);
  families.add(gauge, "ringcast_topics_with_events", "Topics that hold events.",
               hub.topics_with_events);
  families.add(gauge, "ringcast_tombstones", "Forgotten topics that are remembered by name.",
               hub.tombstones);
  families.add(gauge, "ringcast_idempotency_keys", "Idempotency keys in their window.",
               hub.idempotency_keys);
  families.add(gauge, "ringcast_memory_used_bytes", "Used of the budget `memory`.",
               static_cast<uint64_t>(std::max<int64_t>(hub.memory_used, 0)));
  families.add(gauge, "ringcast_memory_limit_bytes", "The budget `memory`.",
               static_cast<uint64_t>(hub.memory_limit));
}

void add_journal(Families& families, const server::HubCounts& hub,
                 const server::JournalThread::Counts& journal) {
  const auto gauge = MetricType::Gauge;
  const auto counter = MetricType::Counter;
  families.add(counter, "ringcast_journal_commits_total", "Groups written to the journal.",
               journal.commits.value());
  families.add(counter, "ringcast_journal_failures_total", "Writes and syncs that failed.",
               journal.failures.value());
  families.add(gauge, "ringcast_journal_failing", "1 while publishes are refused for it.",
               journal.is_failing ? 1 : 0);
  families.add(counter, "ringcast_journal_events_removed_total",
               "Events that left a topic on disk, by `retain`, DELETE or for space.",
               hub.left_journal);
  families.add(gauge, "ringcast_journal_pending_bytes", "Publishes that wait to be written.",
               hub.pending_bytes);
  families.add(gauge, "ringcast_journal_used_bytes", "Pages of the database that hold something.",
               journal.used_bytes);
  families.add(gauge, "ringcast_journal_disk_bytes", "All files of the journal.",
               journal.disk_bytes);
}

void add_labelled(Families& families, const Snapshot& snapshot) {
  MetricFamily& gaps =
      families.family(MetricType::Counter, "ringcast_gaps_total", "Gap events, by reason.");
  for (size_t reason = 0; reason < sse::kGapReasons; ++reason) {
    gaps.metric.push_back(metric(
        MetricType::Counter,
        static_cast<double>(total(snapshot.fanouts, [&](const auto& counts) -> const Counter& {
          return counts.gaps[reason];
        }))));
    gaps.metric.back().label.push_back(
        {"reason", std::string(sse::name_of(static_cast<sse::GapReason>(reason)))});
  }
  MetricFamily& closed = families.family(MetricType::Counter, "ringcast_disconnects_total",
                                         "Closed connections, by reason.");
  for (size_t reason = 0; reason < server::kCloseReasons; ++reason) {
    closed.metric.push_back(metric(
        MetricType::Counter,
        static_cast<double>(total(snapshot.workers, [&](const auto& counts) -> const Counter& {
          return counts.closed[reason];
        }))));
    closed.metric.back().label.push_back({"reason", std::string(kCloseReasonNames[reason])});
  }
  MetricFamily& limited =
      families.family(MetricType::Counter, "ringcast_limited_total",
                      "Connections, streams and publishes that a limit refused or held up.");
  for (size_t limit = 0; limit < server::kLimits; ++limit) {
    limited.metric.push_back(metric(
        MetricType::Counter,
        static_cast<double>(total(snapshot.workers, [&](const auto& counts) -> const Counter& {
          return counts.limited[limit];
        }))));
    limited.metric.back().label.push_back({"limit", std::string(kLimitNames[limit])});
  }
  MetricFamily& build = families.family(MetricType::Gauge, "ringcast_build_info",
                                        "Always 1; the version is a label.");
  build.metric.push_back(metric(MetricType::Gauge, 1));
  build.metric.back().label.push_back({"version", RINGCAST_VERSION});
}

void add_presence(Families& families, const Snapshot& snapshot) {
  families.add(MetricType::Counter, "ringcast_presence_events_total",
               "Events that tell who came or left.", snapshot.presence_events);
  families.add(MetricType::Counter, "ringcast_presence_dropped_total",
               "Such events for which there was no memory, or too many topics.",
               snapshot.presence_dropped);
}

// The names come from the configuration.
void add_webhooks(Families& families, const std::vector<WebhookSnapshot>& webhooks) {
  if (webhooks.empty()) {
    return;
  }
  const auto add = [&](MetricType type, const char* name, const char* help, auto value_of) {
    MetricFamily& family = families.family(type, name, help);
    for (const WebhookSnapshot& webhook : webhooks) {
      family.metric.push_back(metric(type, static_cast<double>(value_of(webhook))));
      family.metric.back().label.push_back({"webhook", webhook.name});
    }
  };
  const auto counter = MetricType::Counter;
  add(counter, "ringcast_webhook_requests_total", "Requests to webhooks that have an outcome.",
      [](const auto& webhook) { return webhook.requests; });
  add(counter, "ringcast_webhook_failures_total", "Requests to webhooks that failed.",
      [](const auto& webhook) { return webhook.failures; });
  add(counter, "ringcast_webhook_events_delivered_total", "Events that webhooks have taken.",
      [](const auto& webhook) { return webhook.delivered; });
  add(counter, "ringcast_webhook_events_lost_total",
      "Events that webhooks were not told of, as far as they can be counted.",
      [](const auto& webhook) { return webhook.lost; });
  add(MetricType::Gauge, "ringcast_webhook_failing", "1 while the last request has failed.",
      [](const auto& webhook) { return webhook.is_failing ? 1 : 0; });
}

}  // namespace

std::string render_metrics(const Snapshot& snapshot) {
  Families families;
  const auto add_total = [&](const char* name, const char* help, const auto& all, auto field) {
    families.add(MetricType::Counter, name, help, total(all, field));
  };
  using server::WorkerCounts;
  using FanoutCounts = server::Fanout::Counts;
  add_hub(families, snapshot.hub);
  families.add(MetricType::Gauge, "ringcast_connections", "Open connections.",
               snapshot.connections);
  families.add(MetricType::Gauge, "ringcast_subscribers", "Open streams.", snapshot.subscribers);
  add_total("ringcast_deliveries_total", "Events written to subscribers.", snapshot.fanouts,
            [](const FanoutCounts& counts) -> const Counter& { return counts.deliveries; });
  add_total("ringcast_stream_bytes_total", "Bytes written to subscribers.", snapshot.fanouts,
            [](const FanoutCounts& counts) -> const Counter& { return counts.bytes; });
  add_total("ringcast_connections_accepted_total", "Connections accepted.", snapshot.workers,
            [](const WorkerCounts& counts) -> const Counter& { return counts.accepted; });
  add_total("ringcast_requests_total", "Requests whose head was read.", snapshot.workers,
            [](const WorkerCounts& counts) -> const Counter& { return counts.requests; });
  add_total("ringcast_requests_refused_total", "Requests answered with an error.", snapshot.workers,
            [](const WorkerCounts& counts) -> const Counter& { return counts.refused; });
  add_total("ringcast_subscriptions_total", "Streams opened.", snapshot.workers,
            [](const WorkerCounts& counts) -> const Counter& { return counts.subscriptions; });
  add_total("ringcast_heartbeats_total", "Heartbeats written.", snapshot.workers,
            [](const WorkerCounts& counts) -> const Counter& { return counts.heartbeats; });
  if (snapshot.journal != nullptr) {
    add_journal(families, snapshot.hub, *snapshot.journal);
  }
  add_labelled(families, snapshot);
  add_presence(families, snapshot);
  add_webhooks(families, snapshot.webhooks);
  return families.text();
}

}  // namespace ringcast::admin
