#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/metrics.h"
#include "admin/sys_events.h"
#include "server/access_log.h"
#include "server/hub.h"
#include "server/topic_scan.h"
#include "server/watch.h"

namespace ringcast::admin {

// The broker's own topics that tell what it does: "$sys/stats", "$sys/topics", "$sys/readers" each
// second, "$sys/refusals" and "$sys/gaps" as they happen. Each of them only while somebody reads
// it. Lives on the main loop, whose ticks drive it.
class SysFeed {
 public:
  static constexpr uint64_t kTickMs = 100;
  static constexpr uint64_t kNoticesPerSecond = 20;  // Of refusals, and of gaps.

  struct Ports {
    std::function<Snapshot()> snapshot;
    std::vector<server::Watch*> watches;  // One for each worker.
  };

  // `hub` and the watches outlive it.
  SysFeed(server::Hub& hub, Ports ports);
  SysFeed(const SysFeed&) = delete;
  SysFeed& operator=(const SysFeed&) = delete;
  ~SysFeed();

  void tick(bool is_draining);

 private:
  enum Topic : size_t { kStats, kTopics, kReaders, kRefusals, kGaps, kTopicCount };

  // Notices that still may be told in this second, and how many were not.
  struct Gate {
    server::LineLimit limit{kNoticesPerSecond};
    uint64_t left_out = 0;
  };
  template <typename Notice>
  void tell(Topic topic, server::Watch::Notices<Notice> notices, Gate& gate);
  void tell_left_out(Topic topic, Gate& gate);
  void set_readers(const std::vector<uint64_t>& readers);
  void tell_stats(bool is_draining);
  void walk_topics();
  void publish(Topic topic, std::string_view type, const std::string& json);

  server::Hub& hub_;
  const Ports ports_;
  std::array<uint64_t, kTopicCount> readers_{};
  std::shared_ptr<std::atomic<uint64_t>> own_events_ = std::make_shared<std::atomic<uint64_t>>(0);
  int64_t second_due_ms_ = 0;  // Steady.
  int64_t walk_due_ms_ = 0;
  std::optional<Totals> before_;
  server::TopicScan topics_;
  Gate refusals_;
  Gate gaps_;
};

}  // namespace ringcast::admin
