#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "topics/budget.h"
#include "topics/catalog.h"
#include "topics/journal.h"
#include "topics/own_share.h"

namespace ringcast::topics {

// Finds events by the id that their publisher gave them. Guarded by the hub's lock.
class PublisherIds {
 public:
  explicit PublisherIds(Budget& budget) : budget_(budget) {}
  PublisherIds(const PublisherIds&) = delete;
  PublisherIds& operator=(const PublisherIds&) = delete;
  ~PublisherIds() { budget_.release(entries_.size() * kEntryCost); }

  void add(const sse::Event& event, Topic& topic);
  void remove(const sse::Event& event, Topic& topic);
  // The oldest event with this id that is retained in a topic of the interest: a repeat is better
  // than a loss.
  [[nodiscard]] EventRef oldest(std::string_view id, const Interest& interest) const;

 private:
  static constexpr size_t kEntryCost = 96;
  using Entry = std::tuple<size_t, uint64_t, Topic*>;  // Hash of the id, seq, topic.

  Budget& budget_;
  std::set<Entry> entries_;
};

// So many seqs of evicted events are remembered.
[[nodiscard]] size_t remembered(const Policy& policy);

// Decides what leaves the rings, and when: by count, bytes and age as each topic's policy says,
// by DELETE, and for memory. Count and bytes wait for every worker with subscribers of the topic
// to have pumped up to the event, and for its grace; never for a socket. Guarded by the hub's lock.
class Retention {
 public:
  // `pumped`: for each worker, up to which seq all its subscribers that can take more were served.
  Retention(Catalog& catalog, Budget& budget, std::span<const std::atomic<uint64_t>> pumped)
      : catalog_(catalog), budget_(budget), pumped_(pumped), ids_(budget), own_(budget) {}

  // Puts a sealed event in the ring of one of its topics, evicts what that has too much, and
  // returns it. The broker's own events have a share of the memory: beyond it, or where none is
  // left, their oldest leave for the newest, whoever has not read them.
  Topic& append(const EventRef& event, std::string_view name);
  // Own events of any of the broker's topics, up to `seq`, were lost before they had a place.
  // Returns the topic that tells who may want them.
  Topic& lose_own(uint64_t seq);
  // So much of the memory own events may take.
  [[nodiscard]] int64_t own_share() const noexcept;
  // Makes room for `bytes` more: first goes what is known of evicted events and of
  // forgotten topics, then the oldest events of topics without subscribers, then of all, fullest
  // first. kBehind: not before subscribers have been served; kOverloaded: it does not fit at all.
  Status make_room(size_t bytes);
  // Evicts everything that a topic holds, for DELETE.
  void clear(Topic& topic);
  // Looks at up to `count` topics, on from where the last call stopped: evicts by age, and what had
  // been kept for its grace; forgets unused topics.
  void sweep(int64_t now_unix_ms, size_t count);

  // With a journal, what a topic keeps on disk is what it keeps: the rings only page out. In
  // retention_on_disk.cc.

  // Topics of which something has to go from the journal, each once and marked as queued. They are
  // not forgotten before the mark is taken away.
  std::vector<Topic*>& to_trim() noexcept { return to_trim_; }
  void queue_to_trim(Topic& topic);
  // All files are full: this event, the oldest that was not forced out yet, has to go.
  void force_out(Topic& topic, uint64_t seq);
  // So many of its oldest may go now, at the most.
  [[nodiscard]] size_t most_to_trim(const Topic& topic) const;
  // Is this, the oldest event that the topic has on disk, too old or too much?
  [[nodiscard]] bool must_go(const Topic& topic, const JournalHead& oldest) const;
  // The oldest event leaves the topic for good.
  void let_go(Topic& topic, const JournalHead& oldest);
  // An event that was read from the journal at the start goes into its ring.
  void restore(const EventRef& event, Topic& topic);

  // The time of a telling: what is evicted from here on is later.
  TellTime tell() { return tell_clock_++; }
  [[nodiscard]] TellTime now() const noexcept { return tell_clock_; }
  [[nodiscard]] const PublisherIds& ids() const noexcept { return ids_; }
  [[nodiscard]] uint64_t evictions() const noexcept { return evictions_; }
  // Up to here every worker with subscribers of the topic has served those that take more.
  [[nodiscard]] uint64_t pumped_by_all(const Topic& topic) const;
  [[nodiscard]] uint64_t left_journal() const noexcept { return let_go_; }
  void set_time(int64_t unix_ms) noexcept { now_unix_ms_ = unix_ms; }
  // So many of the broker's own topics hold events.
  void set_most_own_topics(uint64_t count) noexcept { most_own_topics_ = count; }

 private:
  void put(const EventRef& event, Topic& topic);
  void note_gone(const sse::Event& event, Topic& topic);
  void trim(Topic& topic);
  void bound_own(uint64_t newest_seq);
  [[nodiscard]] bool is_beyond_policy(const Topic& topic, int64_t oldest_time_ms) const;
  void evict_oldest(Topic& topic);
  void evict_for_memory(int64_t to_free, bool with_subscribers);
  void count_on_disk(const sse::Event& event, Topic& topic);
  void queue_if_over(Topic& topic);
  void clear_on_disk(Topic& topic);
  void drop_evicted_logs(int64_t target_used);

  Catalog& catalog_;
  Budget& budget_;
  std::span<const std::atomic<uint64_t>> pumped_;  // The hub's.
  PublisherIds ids_;
  OwnShare own_;
  uint64_t most_own_topics_ = UINT64_MAX;
  TellTime tell_clock_ = 1;
  int64_t now_unix_ms_ = 0;
  uint64_t evictions_ = 0;  // From the rings...
  uint64_t let_go_ = 0;     // ...and from the journal.
  std::string sweep_after_;
  std::vector<Topic*> to_trim_;
};

}  // namespace ringcast::topics
