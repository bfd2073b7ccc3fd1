#include "admin/sys_events.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <utility>

#include "admin/json_object.h"
#include "base/text.h"
#include "sse/blocks.h"

namespace ringcast::admin {

namespace {

using server::SlowReader;

constexpr size_t kMostNames = 5;  // Of a reader's topics.

void add(Totals::Buckets& sums, const DurationHistogram& histogram) {
  for (size_t bucket = 0; bucket < sums.size(); ++bucket) {
    sums[bucket] += histogram.count(bucket);
  }
}

// One place for each topic; names have no line ends.
void add_topics(JsonObject& object, const server::TopicNames& topics) {
  std::vector<std::string_view> names;
  for (std::string_view rest = topics.names; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    names.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const size_t more = topics.more + names.size() - std::min(names.size(), kMostNames);
  names.resize(std::min(names.size(), kMostNames));
  object.add_json("topics", json_array(names, [](auto name) { return json::quoted(name); }))
      .add("more", more);
}

std::string_view name_of(SlowReader::State state) {
  switch (state) {
    case SlowReader::State::kServed:
      return "served";
    case SlowReader::State::kBlocked:
      return "blocked";
    case SlowReader::State::kReplaying:
      return "replaying";
    case SlowReader::State::kOnDisk:
      return "disk";
  }
  return "";
}

std::string reader_json(const SlowReader& reader) {
  JsonObject object;
  object.add("client", reader.client).add("who", reader.who);
  add_topics(object, reader.topics);
  object.add("state", name_of(reader.state))
      .add("lag_ms", reader.lag_ms)
      .add("stalled_ms", reader.stalled_ms)
      .add("events", reader.events)
      .add("has_more", reader.has_more)
      .add("lapped", reader.is_lapped)
      .add("late_topic", reader.late_topic);
  return object.text();
}

std::string rates_json(const Totals& before, const Totals& now) {
  const double seconds = static_cast<double>(now.steady_ms - before.steady_ms) / 1000;
  const auto rate = [&](uint64_t Totals::*member) {
    // Own events of a journal are subtracted late, so that a number may seem to go back.
    const uint64_t more = now.*member - std::min(before.*member, now.*member);
    return std::optional(static_cast<double>(more) / seconds);
  };
  return JsonObject()
      .add("events", rate(&Totals::events))
      .add("event_bytes", rate(&Totals::event_bytes))
      .add("deliveries", rate(&Totals::deliveries))
      .add("delivered_bytes", rate(&Totals::delivered_bytes))
      .add("requests", rate(&Totals::requests))
      .add("refused", rate(&Totals::refused))
      .add("gaps", rate(&Totals::gaps))
      .add("accepted", rate(&Totals::accepted))
      .add("evicted", rate(&Totals::evicted))
      .text();
}

std::string totals_json(const Totals& totals) {
  return JsonObject()
      .add("events", totals.events)
      .add("event_bytes", totals.event_bytes)
      .add("deliveries", totals.deliveries)
      .add("delivered_bytes", totals.delivered_bytes)
      .add("requests", totals.requests)
      .add("refused", totals.refused)
      .add("gaps", totals.gaps)
      .add("accepted", totals.accepted)
      .add("evicted", totals.evicted)
      .text();
}

std::string latency_json(const Totals& before, const Totals& now) {
  const auto share = [&](Totals::Buckets Totals::*member, double part) {
    return percentile_ms(before.*member, now.*member, part);
  };
  return JsonObject()
      .add("delivery_p50_ms", share(&Totals::delivery_lag, 0.5))
      .add("delivery_p99_ms", share(&Totals::delivery_lag, 0.99))
      .add("publish_p50_ms", share(&Totals::publish, 0.5))
      .add("publish_p99_ms", share(&Totals::publish, 0.99))
      .add("loop_max_ms", share(&Totals::loop_lag, 1))
      .text();
}

std::string memory_json(const Snapshot& snapshot) {
  JsonObject memory;
  memory.add("used", std::max<int64_t>(snapshot.hub.memory_used, 0))
      .add("limit", snapshot.hub.memory_limit);
  if (snapshot.process.resident_bytes) {
    memory.add("resident", *snapshot.process.resident_bytes);
  } else {
    memory.add_json("resident", "null");
  }
  return memory.text();
}

std::string journal_json(const Snapshot& snapshot) {
  if (snapshot.journal == nullptr) {
    return "null";
  }
  return JsonObject()
      .add("used", snapshot.journal->used_bytes.load())
      .add("limit", snapshot.journal->limit_bytes.load())
      .add("pending", snapshot.hub.pending_bytes)
      .add("pending_limit", snapshot.hub.pending_limit)
      .add("failing", snapshot.journal->is_failing.load())
      .text();
}

}  // namespace

JsonObject& JsonObject::add(std::string_view name, std::optional<double> number) {
  if (!number || !std::isfinite(*number)) {
    return add_json(name, "null");
  }
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.1f", *number);
  return add_json(name, std::string_view(text.data(), static_cast<size_t>(std::max(size, 0))));
}

Totals totals_of(const Snapshot& snapshot, uint64_t own_events, int64_t steady_ms) {
  Totals totals{.steady_ms = steady_ms,
                .events = snapshot.hub.published - std::min(own_events, snapshot.hub.published),
                .event_bytes = snapshot.hub.published_bytes,
                .evicted = snapshot.hub.evicted};
  for (const server::Fanout::Counts* counts : snapshot.fanouts) {
    totals.deliveries += counts->deliveries.value();
    totals.delivered_bytes += counts->bytes.value();
    for (const Counter& gaps : counts->gaps) {
      totals.gaps += gaps.value();
    }
    add(totals.delivery_lag, counts->lag.durations());
  }
  for (const server::WorkerCounts* counts : snapshot.workers) {
    totals.requests += counts->requests.value();
    totals.refused += counts->refused.value();
    totals.accepted += counts->accepted.value();
    add(totals.publish, counts->publishes);
    add(totals.loop_lag, counts->loop_lag);
  }
  return totals;
}

std::optional<double> percentile_ms(const Totals::Buckets& before, const Totals::Buckets& now,
                                    double share) {
  uint64_t all = 0;
  for (size_t bucket = 0; bucket < now.size(); ++bucket) {
    all += now[bucket] - before[bucket];
  }
  if (all == 0) {
    return std::nullopt;
  }
  const auto wanted = static_cast<uint64_t>(std::ceil(static_cast<double>(all) * share));
  uint64_t below = 0;
  size_t bucket = 0;
  for (; bucket < now.size(); ++bucket) {
    below += now[bucket] - before[bucket];
    if (below >= wanted) {
      break;
    }
  }
  constexpr size_t kLast = DurationHistogram::kBoundsUs.size() - 1;
  return static_cast<double>(DurationHistogram::kBoundsUs[std::min(bucket, kLast)]) / 1000;
}

std::string stats_json(const StatsEvent& event) {
  const Snapshot& snapshot = event.snapshot;
  uint64_t blocked = 0;
  for (const server::Fanout::Counts* counts : snapshot.fanouts) {
    const uint64_t again = counts->unblocked.value();  // First, so that it is never negative.
    blocked += counts->blocked.value() - again;
  }
  JsonObject stats;
  stats.add("time", sse::format_time(event.now_unix_ms))
      .add("version", RINGCAST_VERSION)
      .add("epoch", event.epoch)
      .add("state", event.is_draining ? "draining" : "ready")
      .add("started", sse::format_time(snapshot.started_unix_ms))
      .add("workers", snapshot.workers.size())
      .add_json("rates", event.before == nullptr ? "null" : rates_json(*event.before, event.totals))
      .add_json("totals", totals_json(event.totals))
      .add_json("latency",
                event.before == nullptr ? "null" : latency_json(*event.before, event.totals))
      .add_json("connections", JsonObject()
                                   .add("open", snapshot.connections)
                                   .add("limit", snapshot.limits.connections)
                                   .text())
      .add_json("subscribers", JsonObject()
                                   .add("open", snapshot.subscribers)
                                   .add("blocked", blocked)
                                   .add("watching", event.watching)
                                   .text())
      .add_json("topics", JsonObject()
                              .add("known", snapshot.hub.topics)
                              .add("with_events", snapshot.hub.topics_with_events)
                              .add("limit", snapshot.limits.topics)
                              .text())
      .add_json("memory", memory_json(snapshot))
      .add_json("journal", journal_json(snapshot));
  return stats.text();
}

std::string topics_json(const std::vector<server::BusyTopic>& topics, uint64_t known,
                        int64_t now_unix_ms) {
  return JsonObject()
      .add("time", sse::format_time(now_unix_ms))
      .add("known", known)
      .add_json("topics", json_array(topics,
                                     [](const server::BusyTopic& topic) {
                                       return JsonObject()
                                           .add("name", topic.name)
                                           .add("per_second", topic.per_second)
                                           .add("subscribers", topic.subscribers)
                                           .add("events", topic.events)
                                           .add("bytes", topic.bytes)
                                           .add("lag_ms", topic.lag_ms)
                                           .text();
                                     }))
      .text();
}

std::string readers_json(std::vector<server::ReaderPass> passes, int64_t now_unix_ms) {
  server::ReaderPass all;
  for (server::ReaderPass& pass : passes) {
    all.streams += pass.streams;
    all.behind += pass.behind;
    all.blocked += pass.blocked;
    std::move(pass.slowest.begin(), pass.slowest.end(), std::back_inserter(all.slowest));
  }
  std::stable_sort(all.slowest.begin(), all.slowest.end(), SlowReader::is_slower);
  all.slowest.resize(std::min(all.slowest.size(), server::Watch::kMostReaders));
  return JsonObject()
      .add("time", sse::format_time(now_unix_ms))
      .add("streams", all.streams)
      .add("behind", all.behind)
      .add("blocked", all.blocked)
      .add_json("readers", json_array(all.slowest, reader_json))
      .text();
}

std::string refusal_json(const server::RefusalNotice& notice) {
  return JsonObject()
      .add("time", sse::format_time(notice.unix_ms))
      .add("status", notice.status)
      .add("client", notice.client)
      .add("who", notice.who)
      .add("method", notice.method)
      .add("path", notice.path)
      .add("reason", notice.reason)
      .text();
}

std::string gap_json(const server::GapNotice& notice) {
  JsonObject object;
  object.add("time", sse::format_time(notice.unix_ms))
      .add("reason", sse::name_of(notice.gap.reason))
      .add_json("missed", notice.gap.missed ? std::to_string(*notice.gap.missed) : "null")
      .add("resumed", notice.gap.resumed)
      .add("client", notice.client)
      .add("who", notice.who);
  add_topics(object, notice.topics);
  return object.text();
}

std::string left_out_json(std::string_view what, uint64_t count, int64_t now_unix_ms) {
  return JsonObject()
      .add("time", sse::format_time(now_unix_ms))
      .add("of", what)
      .add("left_out", count)
      .text();
}

}  // namespace ringcast::admin
