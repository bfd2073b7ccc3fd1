#include "admin/metrics.h"

#include <array>
#include <string_view>
#include <utility>

#include "admin/metrics_text.h"

namespace ringcast::admin {

namespace {

using server::WorkerCounts;
using FanoutCounts = server::Fanout::Counts;

constexpr std::array<std::string_view, server::kCloseReasons> kCloseReasonNames = {
    "peer", "done", "idle", "timeout", "stalled", "lagged", "drain", "overload", "token"};

constexpr std::array<std::string_view, server::kLimits> kLimitNames = {"connections",
                                                                       "connections_per_address",
                                                                       "connections_per_token",
                                                                       "publish_rate_per_address",
                                                                       "publish_rate_per_token",
                                                                       "topics",
                                                                       "topics_per_token"};

template <typename Counts>
double total(const std::vector<const Counts*>& all, Counter Counts::*member) {
  uint64_t sum = 0;
  for (const Counts* counts : all) {
    sum += (counts->*member).value();
  }
  return static_cast<double>(sum);
}

// One sample for each element of an array of counters.
template <typename Counts, size_t kSize, typename Name>
MetricsText::Samples totals(const std::vector<const Counts*>& all,
                            std::array<Counter, kSize> Counts::*member, Name name_of) {
  MetricsText::Samples samples;
  for (size_t index = 0; index < kSize; ++index) {
    uint64_t sum = 0;
    for (const Counts* counts : all) {
      sum += (counts->*member)[index].value();
    }
    samples.emplace_back(name_of(index), sum);
  }
  return samples;
}

template <typename Counts, typename Find>
std::vector<const DurationHistogram*> parts(const std::vector<const Counts*>& all, Find find) {
  std::vector<const DurationHistogram*> found;
  found.reserve(all.size());
  for (const Counts* counts : all) {
    found.push_back(find(*counts));
  }
  return found;
}

void add_traffic(MetricsText& metrics, const Snapshot& snapshot) {
  metrics.counter("ringcast_events_published_total", "Events stored.",
                  static_cast<double>(snapshot.hub.published));
  metrics.counter("ringcast_published_bytes_total", "Bytes of stored events, as they go out.",
                  static_cast<double>(snapshot.hub.published_bytes));
  metrics.histogram("ringcast_publish_duration_seconds",
                    "From a publish request that has come whole to its answer. Not of NDJSON.",
                    parts(snapshot.workers, [](const auto& counts) { return &counts.publishes; }));
  metrics.counter("ringcast_deliveries_total", "Events written to subscribers.",
                  total(snapshot.fanouts, &FanoutCounts::deliveries));
  metrics.counter("ringcast_delivered_bytes_total", "Bytes written to subscribers.",
                  total(snapshot.fanouts, &FanoutCounts::bytes));
  metrics.histogram(
      "ringcast_delivery_lag_seconds",
      "From the publish to the kernel that sends it: one for each write to a live "
      "subscriber, of its oldest event.",
      parts(snapshot.fanouts, [](const auto& counts) { return &counts.lag.durations(); }));
  metrics.counter("ringcast_heartbeats_total", "Heartbeats written.",
                  total(snapshot.workers, &WorkerCounts::heartbeats));
}

void add_streams(MetricsText& metrics, const Snapshot& snapshot) {
  metrics.gauge("ringcast_subscribers", "Open streams.", static_cast<double>(snapshot.subscribers));
  metrics.gauge("ringcast_subscribers_blocked", "Open streams whose socket is full.",
                total(snapshot.fanouts, &FanoutCounts::blocked) -
                    total(snapshot.fanouts, &FanoutCounts::unblocked));
  metrics.counter("ringcast_subscriptions_total", "Streams opened.",
                  total(snapshot.workers, &WorkerCounts::subscriptions));
  metrics.counter("ringcast_gaps_total", "Gap events, by reason.", "reason",
                  totals(snapshot.fanouts, &FanoutCounts::gaps, [](size_t reason) {
                    return sse::name_of(static_cast<sse::GapReason>(reason));
                  }));
}

void add_connections(MetricsText& metrics, const Snapshot& snapshot) {
  const auto& workers = snapshot.workers;
  metrics.gauge("ringcast_connections", "Open connections.",
                static_cast<double>(snapshot.connections));
  metrics.gauge("ringcast_connections_limit",
                "`limits.connections`, or less when descriptors are too few.",
                static_cast<double>(snapshot.limits.connections));
  metrics.counter("ringcast_connections_accepted_total", "Connections accepted.",
                  total(workers, &WorkerCounts::accepted));
  metrics.counter("ringcast_disconnects_total", "Closed connections, by reason.", "reason",
                  totals(workers, &WorkerCounts::closed,
                         [](size_t reason) { return kCloseReasonNames[reason]; }));
  metrics.counter("ringcast_requests_total", "Requests whose head was read.",
                  total(workers, &WorkerCounts::requests));
  metrics.counter("ringcast_responses_total", "Responses, by the class of their status.", "code",
                  totals(workers, &WorkerCounts::responses,
                         [](size_t index) { return std::to_string(index + 1) + "xx"; }));
  metrics.counter("ringcast_requests_refused_total",
                  "Requests answered with an error, and streams that were told to come later.",
                  total(workers, &WorkerCounts::refused));
  metrics.counter(
      "ringcast_limited_total",
      "Connections, streams and publishes that a limit refused or held up.", "limit",
      totals(workers, &WorkerCounts::limited, [](size_t limit) { return kLimitNames[limit]; }));
  MetricsText::Histograms lags;
  for (size_t worker = 0; worker < workers.size(); ++worker) {
    lags.emplace_back(std::to_string(worker), &workers[worker]->loop_lag);
  }
  metrics.histogram("ringcast_loop_lag_seconds",
                    "How late a worker's event loop came to its tick, ten times a second.",
                    "worker", lags);
}

void add_memory(MetricsText& metrics, const Snapshot& snapshot) {
  const server::HubCounts& hub = snapshot.hub;
  topics::Tally all;
  for (const topics::Tally& tally : snapshot.tallies) {
    all.events += tally.events;
    all.bytes += tally.bytes;
  }
  metrics.gauge("ringcast_topics", "Topics with events or subscribers.",
                static_cast<double>(hub.topics));
  metrics.gauge("ringcast_topics_with_events", "Topics that hold events.",
                static_cast<double>(hub.topics_with_events));
  metrics.gauge("ringcast_topics_limit", "`limits.topics`: so many may hold events.",
                static_cast<double>(snapshot.limits.topics));
  metrics.gauge("ringcast_tombstones", "Forgotten topics that are remembered by name.",
                static_cast<double>(hub.tombstones));
  metrics.gauge("ringcast_idempotency_keys", "Idempotency keys in their window.",
                static_cast<double>(hub.idempotency_keys));
  metrics.gauge("ringcast_ring_events", "Events in the rings; each counts in each of its topics.",
                static_cast<double>(all.events));
  metrics.gauge("ringcast_ring_bytes", "Bytes of the events in the rings, as they go out.",
                static_cast<double>(all.bytes));
  metrics.counter("ringcast_events_evicted_total", "Events that left a topic's ring.",
                  static_cast<double>(hub.evicted));
  metrics.gauge("ringcast_memory_used_bytes", "Used of the budget `memory`.",
                static_cast<double>(std::max<int64_t>(hub.memory_used, 0)));
  metrics.gauge("ringcast_memory_limit_bytes", "The budget `memory`.",
                static_cast<double>(hub.memory_limit));
}

void add_rules(MetricsText& metrics, const std::vector<topics::Tally>& tallies) {
  MetricsText::Samples published;
  MetricsText::Samples events;
  MetricsText::Samples bytes;
  for (const topics::Tally& tally : tallies) {
    if (!tally.match.empty()) {
      published.emplace_back(tally.match, tally.published);
      events.emplace_back(tally.match, tally.events);
      bytes.emplace_back(tally.match, tally.bytes);
    }
  }
  if (published.empty()) {
    return;
  }
  metrics.counter("ringcast_topic_events_published_total",
                  "Events stored in the topics of a rule under `topics`.", "match", published);
  metrics.gauge("ringcast_topic_ring_events", "Events in the rings of a rule's topics.", "match",
                events);
  metrics.gauge("ringcast_topic_ring_bytes", "Bytes of these events, as they go out.", "match",
                bytes);
}

void add_journal(MetricsText& metrics, const Snapshot& snapshot) {
  const server::HubCounts& hub = snapshot.hub;
  const server::JournalThread::Counts& journal = *snapshot.journal;
  metrics.counter("ringcast_journal_commits_total", "Groups written to the journal.",
                  static_cast<double>(journal.commits.value()));
  metrics.histogram("ringcast_journal_write_duration_seconds",
                    "What the journal took for a group, with `sync: always` until it was synced.",
                    {snapshot.journal_writes});
  metrics.histogram("ringcast_journal_sync_duration_seconds",
                    "What a sync took that was no part of a write.", {&journal.syncs});
  metrics.counter("ringcast_journal_failures_total", "Writes and syncs that failed.",
                  static_cast<double>(journal.failures.value()));
  metrics.gauge("ringcast_journal_failing",
                "1 while the journal fails and publishes are refused, else 0.",
                journal.is_failing ? 1 : 0);
  metrics.counter("ringcast_journal_read_failures_total",
                  "Reads of the journal for readers and for /history that failed.",
                  static_cast<double>(snapshot.journal_read_failures));
  metrics.counter("ringcast_journal_events_removed_total",
                  "Events that left a topic on disk, by `retain`, DELETE or for space.",
                  static_cast<double>(hub.left_journal));
  metrics.gauge("ringcast_journal_pending_bytes", "Bytes of publishes that wait to be written.",
                static_cast<double>(hub.pending_bytes));
  metrics.gauge("ringcast_journal_pending_limit_bytes",
                "What may wait to be written: `journal.pending`.",
                static_cast<double>(hub.pending_limit));
  metrics.gauge("ringcast_journal_used_bytes", "Bytes of the database's pages that hold something.",
                static_cast<double>(journal.used_bytes));
  metrics.gauge(
      "ringcast_journal_limit_bytes",
      "Bytes that such pages may take, so that all files stay within `journal.retain.bytes`.",
      static_cast<double>(journal.limit_bytes));
  metrics.gauge("ringcast_journal_disk_bytes", "Bytes of all files of the journal.",
                static_cast<double>(journal.disk_bytes));
}

void add_presence(MetricsText& metrics, const Snapshot& snapshot) {
  metrics.counter("ringcast_presence_events_total", "Events that tell who came or left.",
                  static_cast<double>(snapshot.presence_events));
  metrics.counter("ringcast_presence_dropped_total",
                  "Such events that were lost while the journal was behind; a gap tells of them.",
                  static_cast<double>(snapshot.presence_dropped));
}

// The names come from the configuration.
void add_webhooks(MetricsText& metrics, const std::vector<WebhookSnapshot>& webhooks) {
  if (webhooks.empty()) {
    return;
  }
  const auto samples = [&](auto value_of) {
    MetricsText::Samples made;
    for (const WebhookSnapshot& webhook : webhooks) {
      made.emplace_back(webhook.name, static_cast<double>(value_of(webhook)));
    }
    return made;
  };
  metrics.counter("ringcast_webhook_requests_total", "Requests to webhooks that have an outcome.",
                  "webhook", samples([](const auto& webhook) { return webhook.requests; }));
  metrics.counter("ringcast_webhook_failures_total", "Requests to webhooks that failed.", "webhook",
                  samples([](const auto& webhook) { return webhook.failures; }));
  metrics.counter("ringcast_webhook_events_delivered_total", "Events that webhooks have taken.",
                  "webhook", samples([](const auto& webhook) { return webhook.delivered; }));
  metrics.counter("ringcast_webhook_events_lost_total",
                  "Events that webhooks were not told of, as far as they can be counted.",
                  "webhook", samples([](const auto& webhook) { return webhook.lost; }));
  metrics.gauge("ringcast_webhook_failing", "1 while the last request has failed, else 0.",
                "webhook", samples([](const auto& webhook) { return webhook.is_failing ? 1 : 0; }));
}

void add_configuration(MetricsText& metrics, const Snapshot& snapshot) {
  const ReloadCounts& reloads = snapshot.reloads;
  metrics.counter("ringcast_config_reloads_total", "Reloads of the configuration, by outcome.",
                  "outcome",
                  {{"done", static_cast<double>(reloads.done)},
                   {"failed", static_cast<double>(reloads.failed)}});
  metrics.gauge("ringcast_config_reload_failing", "1 while the last reload has failed, else 0.",
                reloads.has_failed ? 1 : 0);
  if (snapshot.certificates.empty()) {
    return;
  }
  MetricsText::Samples expiries;
  for (const CertificateSnapshot& certificate : snapshot.certificates) {
    expiries.emplace_back(certificate.file, static_cast<double>(certificate.expires_unix_s));
  }
  metrics.gauge("ringcast_certificate_expiry_timestamp_seconds",
                "When the certificate of a listener expires, in Unix time.", "file", expiries);
}

// By the names that all Prometheus clients use.
void add_process(MetricsText& metrics, const Snapshot& snapshot) {
  const ProcessNumbers& process = snapshot.process;
  const auto gauge = [&](const char* name, const char* help, std::optional<uint64_t> value) {
    if (value) {
      metrics.gauge(name, help, static_cast<double>(*value));
    }
  };
  metrics.gauge("ringcast_build_info", "Always 1; the version is a label.", "version",
                {{RINGCAST_VERSION, 1}});
  metrics.gauge("process_start_time_seconds", "When the process started, in Unix time.",
                static_cast<double>(snapshot.started_unix_ms) / 1000);
  metrics.counter("process_cpu_seconds_total", "User and system CPU time.", process.cpu_seconds);
  gauge("process_resident_memory_bytes", "Resident memory.", process.resident_bytes);
  gauge("process_virtual_memory_bytes", "Virtual memory.", process.virtual_bytes);
  gauge("process_open_fds", "Open file descriptors.", process.open_descriptors);
  gauge("process_max_fds", "The most file descriptors that may be open.", process.most_descriptors);
}

}  // namespace

std::string render_metrics(const Snapshot& snapshot) {
  MetricsText metrics;
  add_traffic(metrics, snapshot);
  add_streams(metrics, snapshot);
  add_connections(metrics, snapshot);
  add_memory(metrics, snapshot);
  add_rules(metrics, snapshot.tallies);
  if (snapshot.journal != nullptr && snapshot.journal_writes != nullptr) {
    add_journal(metrics, snapshot);
  }
  add_presence(metrics, snapshot);
  add_webhooks(metrics, snapshot.webhooks);
  add_configuration(metrics, snapshot);
  add_process(metrics, snapshot);
  return metrics.text();
}

}  // namespace ringcast::admin
