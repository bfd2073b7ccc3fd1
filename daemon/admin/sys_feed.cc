#include "admin/sys_feed.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "server/own_events.h"

namespace ringcast::admin {

namespace {

// In the order of SysFeed::Topic.
constexpr std::array<std::string_view, 5> kNames = {"$sys/stats", "$sys/topics", "$sys/readers",
                                                    "$sys/refusals", "$sys/gaps"};
constexpr int64_t kEveryMs = 1000;
// Topics under one holding of the hub's lock, and how many times in one tick.
constexpr size_t kScannedAtOnce = 1000;
constexpr size_t kScansInTick = 5;

template <typename Notice>
void append(server::Watch::Notices<Notice>& all, server::Watch::Notices<Notice> more) {
  std::move(more.kept.begin(), more.kept.end(), std::back_inserter(all.kept));
  all.left_out += more.left_out;
}

}  // namespace

SysFeed::SysFeed(server::Hub& hub, Ports ports) : hub_(hub), ports_(std::move(ports)) {
  static_assert(kNames.size() == kTopicCount);
}

SysFeed::~SysFeed() {
  for (server::Watch* watch : ports_.watches) {
    watch->want({});
  }
}

void SysFeed::tick(bool is_draining) {
  set_readers(hub_.watchers(kNames));
  if (readers_[kRefusals] > 0) {
    server::Watch::Notices<server::RefusalNotice> refusals;
    for (server::Watch* watch : ports_.watches) {
      append(refusals, watch->take_refusals());
    }
    tell(kRefusals, std::move(refusals), refusals_);
  }
  if (readers_[kGaps] > 0) {
    server::Watch::Notices<server::GapNotice> gaps;
    for (server::Watch* watch : ports_.watches) {
      append(gaps, watch->take_gaps());
    }
    tell(kGaps, std::move(gaps), gaps_);
  }
  if (readers_[kTopics] > 0) {
    walk_topics();
  }
  const int64_t now_ms = hub_.clock().steady_ms();
  if (now_ms < second_due_ms_) {
    return;
  }
  second_due_ms_ = now_ms + kEveryMs;
  tell_stats(is_draining);
  if (readers_[kReaders] > 0) {
    std::vector<server::ReaderPass> passes;
    for (server::Watch* watch : ports_.watches) {
      passes.push_back(watch->readers());
    }
    publish(kReaders, "readers", readers_json(std::move(passes), hub_.clock().unix_ms()));
  }
  tell_left_out(kRefusals, refusals_);
  tell_left_out(kGaps, gaps_);
}

// Who has just come need not wait for the second to end.
void SysFeed::set_readers(const std::vector<uint64_t>& readers) {
  const auto before = readers_;
  std::copy(readers.begin(), readers.end(), readers_.begin());
  const auto is_new = [&](Topic topic) { return before[topic] == 0 && readers_[topic] > 0; };
  if (is_new(kTopics)) {
    topics_.restart(hub_.clock().steady_ms());
    walk_due_ms_ = 0;
  }
  if (is_new(kStats)) {
    second_due_ms_ = 0;
  }
  const auto wanted = [](const auto& counts) {
    return server::Watch::Wanted{.refusals = counts[kRefusals] > 0,
                                 .gaps = counts[kGaps] > 0,
                                 .readers = counts[kReaders] > 0};
  };
  if (wanted(before) != wanted(readers_)) {
    for (server::Watch* watch : ports_.watches) {
      watch->want(wanted(readers_));
    }
  }
}

template <typename Notice>
void SysFeed::tell(Topic topic, server::Watch::Notices<Notice> notices, Gate& gate) {
  std::stable_sort(
      notices.kept.begin(), notices.kept.end(),
      [](const Notice& one, const Notice& other) { return one.unix_ms < other.unix_ms; });
  gate.left_out += notices.left_out;
  for (const Notice& notice : notices.kept) {
    if (!gate.limit.take(hub_.clock().steady_ms())) {
      ++gate.left_out;
    } else if constexpr (std::is_same_v<Notice, server::GapNotice>) {
      publish(topic, "gap", gap_json(notice));
    } else {
      publish(topic, "refusal", refusal_json(notice));
    }
  }
}

void SysFeed::tell_left_out(Topic topic, Gate& gate) {
  if (const uint64_t count = std::exchange(gate.left_out, 0); count > 0 && readers_[topic] > 0) {
    publish(topic, "left_out",
            left_out_json(topic == kGaps ? "gaps" : "refusals", count, hub_.clock().unix_ms()));
  }
}

void SysFeed::tell_stats(bool is_draining) {
  if (readers_[kStats] == 0) {
    before_.reset();
    return;
  }
  const Snapshot snapshot = ports_.snapshot();
  const Totals now = totals_of(snapshot, own_events_->load(), hub_.clock().steady_ms());
  // Two that follow at once have no rate between them.
  const bool has_before = before_ && before_->steady_ms < now.steady_ms;
  publish(kStats, "stats",
          stats_json({.snapshot = snapshot,
                      .totals = now,
                      .before = has_before ? &*before_ : nullptr,
                      .epoch = hub_.epoch(),
                      .is_draining = is_draining,
                      .watching = *std::max_element(readers_.begin(), readers_.end()),
                      .now_unix_ms = hub_.clock().unix_ms()}));
  before_ = now;
}

// With very many topics a walk takes longer than a second, and is told when it is done.
void SysFeed::walk_topics() {
  const int64_t now_ms = hub_.clock().steady_ms();
  if (now_ms < walk_due_ms_) {
    return;
  }
  for (size_t scan = 0; scan < kScansInTick; ++scan) {
    if (hub_.scan(topics_, kScannedAtOnce)) {
      const uint64_t known = topics_.looked_at;
      publish(kTopics, "topics",
              topics_json(topics_.finish(now_ms), known, hub_.clock().unix_ms()));
      walk_due_ms_ = now_ms + kEveryMs;
      return;
    }
  }
}

void SysFeed::publish(Topic topic, std::string_view type, const std::string& json) {
  std::vector<server::Draft> events;
  events.push_back(server::own_event(kNames[topic], type, json));
  server::publish_own(hub_, std::move(events),
                      [own = own_events_](bool is_stored) { *own += is_stored ? 1 : 0; });
}

}  // namespace ringcast::admin
