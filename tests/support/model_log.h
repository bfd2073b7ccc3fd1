#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/hub.h"
#include "support/model_random.h"

namespace ringcast::model {

inline constexpr std::array<std::string_view, 9> kTopics = {"a",   "a/x",   "a/y", "a/x/1", "b",
                                                            "b/x", "b/x/1", "c",   "$sys/a"};
inline constexpr std::string_view kEpoch = "k3f9a2m1q0";

using Mask = uint32_t;  // A bit for each of kTopics.
inline constexpr Mask kAllTopics = (Mask{1} << kTopics.size()) - 1;
using PerTopic = std::array<uint64_t, kTopics.size()>;

template <typename Visit>
void each_topic(Mask mask, Visit visit) {
  for (; mask != 0; mask &= mask - 1) {
    visit(static_cast<size_t>(__builtin_ctz(mask)));
  }
}

// An event as the reference remembers it: for ever.
struct Logged {
  uint64_t seq = 0;
  uint64_t serial = 0;  // In the data: which publish it was, stored or not.
  Mask topics = 0;
  Mask retained = 0;     // Topics whose rings still hold it.
  Mask deleted = 0;      // Topics that it left by DELETE.
  PerTopic left_tick{};  // When it left each.
  std::string type;
  std::string own_id;
  std::string block;
  int64_t time_ms = 0;

  [[nodiscard]] bool is_gone(Mask subscription) const {
    return (topics & subscription) != 0 && (retained & subscription) == 0;
  }
  // When the last of these topics lost it.
  [[nodiscard]] uint64_t gone_tick(Mask subscription) const;
  [[nodiscard]] std::string_view id(std::string& room) const;
};

// The plain history beside the hub. It does not decide what leaves the rings: it looks, and then
// says whether that was right.
class Log {
 public:
  // `has_journal`: the policies' `retain` says what leaves, not the rings.
  Log(server::Hub* hub, const server::Options& options, bool is_tight, bool has_journal,
      Verdict& verdict);

  void append(Logged event);
  // The broker was restarted: nobody knows the numbers of what was lost before. Seqs up to `last`
  // are not used again.
  void restart(server::Hub& hub, uint64_t last);
  enum class Cause { kTrim, kSweep, kDelete };
  // Finds out what has left the rings of these topics.
  void sync(Mask topics, Cause cause, int64_t now_ms);

  [[nodiscard]] uint64_t committed() const { return events_.size(); }
  [[nodiscard]] uint64_t tick() const { return tick_; }
  [[nodiscard]] const Logged& operator[](uint64_t seq) const { return events_[seq - 1]; }
  [[nodiscard]] const Logged* of_serial(uint64_t serial) const;
  [[nodiscard]] const topics::Policy& policy(size_t topic) const { return *policies_[topic]; }
  // Losses of the topic at or below need not have an exact number.
  [[nodiscard]] bool may_fold() const { return may_fold_; }
  [[nodiscard]] bool is_tight() const { return is_tight_; }
  [[nodiscard]] const PerTopic& fuzzy() const { return fuzzy_; }
  [[nodiscard]] const PerTopic& gone_high() const { return gone_high_; }
  [[nodiscard]] size_t size(size_t topic) const { return rings_[topic].size(); }
  [[nodiscard]] uint64_t bytes(size_t topic) const;
  [[nodiscard]] uint64_t topics_with_events(bool of_broker) const;
  // Is what the rings hold within what the policies want? Everybody was served, and all is old.
  void expect_trimmed(int64_t now_ms) const;

 private:
  void evict(size_t topic, size_t count, Cause cause, int64_t now_ms);
  [[nodiscard]] bool may_go(size_t topic, size_t index, Cause cause, int64_t now_ms) const;

  [[nodiscard]] bool is_over(size_t topic, size_t left, uint64_t bytes_left) const;

  server::Hub* hub_;
  Verdict& verdict_;
  const bool has_journal_;
  const bool is_tight_;  // Memory is short, and takes what it wants.
  const bool may_fold_;  // Tombstones are few, and dropped.
  std::vector<Logged> events_;
  std::unordered_map<uint64_t, uint64_t> seqs_by_serial_;
  std::array<std::vector<uint64_t>, kTopics.size()> rings_;
  std::array<std::vector<uint64_t>, kTopics.size()> evicted_;  // Since the topic's birth.
  std::array<const topics::Policy*, kTopics.size()> policies_{};
  std::array<bool, kTopics.size()> exists_{};
  PerTopic fuzzy_{};
  PerTopic gone_high_{};
  uint64_t tick_ = 1;
};

}  // namespace ringcast::model
