#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "topics/matcher_index.h"
#include "topics/name.h"
#include "topics/pattern_index.h"
#include "topics/policy.h"
#include "topics/ring.h"

namespace ringcast::topics {

struct Topic;
struct PatternWatch;

// What the journal holds of a topic. Number 0: nothing, the topic lives in memory alone.
struct OnDisk {
  uint64_t number = 0;         // Its row.
  uint64_t nth = 0;            // Placed so far: see Placement.
  uint64_t bytes_through = 0;  // Of these.
  uint64_t events = 0;         // Visible and not gone.
  uint64_t bytes = 0;          // Of their wire blocks.
  uint64_t gone_bytes = 0;     // What `bytes_through` was when the last one went.
  uint64_t oldest_seq = 0;     // Of `events`; 0 without.
  uint64_t newest_seq = 0;
  int64_t oldest_time_ms = 0;
  uint64_t paged_high = 0;   // Up to here events have left the ring, but not the journal.
  uint64_t force_up_to = 0;  // All files are full: up to here events have to go,
  uint64_t forced = 0;       // and they are so many.
  uint32_t coming = 0;       // Events that are being written.
  bool is_recorded = false;  // The row was written.
  bool is_queued = false;    // Retention looks for what has to go.
};

// Has no events, but what it has lost: own events of which it is not known where they were lost.
// Whoever may want such events has it besides.
inline constexpr std::string_view kLossTopic = "$lost";

// What is left of a topic that was forgotten, or of many.
struct Tombstone {
  uint64_t high = 0;          // Everything up to here is gone.
  uint64_t deleted_high = 0;  // Gone by DELETE up to here, by retention above.
  TellTime when = 0;          // The latest loss.
  uint64_t number = 0;        // The topic's row in the journal; 0: none, or of many.

  void absorb(const Tombstone& other);
};

// What a group of subscribers of one worker wants: topics, patterns and matchers, and which event
// types. Made and destroyed by the worker; the catalog keeps its links. All above `readers` stays
// as it is; the rest is guarded by the hub's lock.
struct Interest {
  std::vector<std::string> patterns;  // Checked; exact topics and patterns, without repeats.
  std::vector<MatcherRef> matchers;   // Without repeats.
  std::vector<std::string> types;     // Empty: all.
  bool sees_private = false;
  SelectorsRef private_topics;  // Without `sees_private`: of which it does. Null: of none.
  uint32_t worker = 0;
  std::atomic<uint32_t> readers{0};

  struct Link {
    Topic* topic;
    size_t back;  // This link's index in topic->interests.
  };
  std::vector<Link> topics;            // All that match now.
  std::vector<PatternWatch*> watches;  // One for each pattern with wildcards, and each matcher.
  std::vector<const Topic*> news;      // Those with events that came with the last news.
  uint64_t linked_in = 0;              // The birth that linked it last.
  uint64_t news_round = 0;             // Which of the worker's news that was.
  bool hears_losses = false;           // Is linked to kLossTopic.
  bool is_joined = false;

  [[nodiscard]] bool wants(const sse::Event& event) const;
  [[nodiscard]] bool matches(std::string_view topic) const;
  // Calls visit(const Topic&) for all its topics, or only for those in `news`.
  template <typename Visit>
  void each_topic(bool only_news, Visit visit) const {
    if (only_news) {
      for (const Topic* topic : news) {
        visit(*topic);
      }
      return;
    }
    for (const Link& link : topics) {
      visit(static_cast<const Topic&>(*link.topic));
    }
  }
};

// A pattern with wildcards or a matcher, and what it once matched and is no more.
struct PatternWatch {
  std::vector<Interest*> interests;
  Tombstone gone;
};

// What the topics of one rule hold in their rings, and what has come: an event counts in each of
// its topics.
struct Tally {
  std::string match;  // The rule's; empty: of topics without one.
  uint64_t published = 0;
  uint64_t events = 0;
  uint64_t bytes = 0;  // Of the wire blocks.
};

// What is left of topics that were forgotten. Those of the broker have their own: readers can make
// any number of them, which must not blur what is known of the others.
struct Graveyard {
  std::map<std::string, Tombstone, std::less<>> tombstones;
  std::set<std::pair<uint64_t, std::string_view>> by_high;  // Names in `tombstones`.
  Tombstone forgotten;  // The maximum of the tombstones that were dropped,
  Tombstone buried;     // and of all that ever were.
};

// A topic that has events or subscribers. Guarded by the hub's lock.
struct Topic {
  struct Link {
    Interest* interest;
    size_t back;  // This link's index in interest->topics.
  };

  Topic(std::string_view topic_name, const Policy& topic_policy, Tally& topic_tally, Budget& budget)
      : name(topic_name), policy(&topic_policy), tally(&topic_tally), ring(budget) {}

  const std::string name;
  const Policy* policy;  // In the catalog's policies.
  Tally* tally;          // In the catalog's tallies.
  Ring ring;
  OnDisk disk;
  std::vector<Link> interests;
  std::vector<uint32_t> interests_of_worker;
  uint64_t workers = 0;       // A bit for each worker with an interest.
  uint64_t unread_by = 0;     // A bit for each worker that has it in its inbox.
  uint64_t deleted_high = 0;  // Gone by DELETE up to here.
  bool has_private = false;   // Had private events: what is gone of it cannot be counted for all.
  uint64_t hearsay = 0;       // Up to here some topic has lost events, maybe not this one.
  uint64_t linked_in = 0;     // The join that linked it last.
  uint32_t exact_interests = 0;
  uint64_t published = 0;  // Events since it appeared.
  // When that number was looked at last, for its rate; see server/topic_scan.h.
  uint64_t looked_published = 0;
  int64_t looked_ms = 0;

  // Of all workers but one.
  [[nodiscard]] uint64_t subscribers(uint32_t except) const;
  [[nodiscard]] bool is_journaled() const { return disk.number != 0; }
  [[nodiscard]] bool holds_events() const {
    return !ring.empty() || disk.events > 0 || disk.coming > 0;
  }
  // Up to here events can be read from the journal only; 0: none.
  [[nodiscard]] uint64_t on_disk_only_high() const {
    return disk.paged_high > ring.evicted().high() ? disk.paged_high : 0;
  }
};

// The index of all topics: by name, by who wants them, and what is left of the forgotten ones.
// Pure; guarded by the hub's lock.
class Catalog {
 public:
  // `max_tombstones` bounds what is remembered of forgotten topics, each by name.
  Catalog(Budget& budget, Policies policies, uint32_t workers, size_t max_tombstones);
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;
  ~Catalog();

  [[nodiscard]] Topic* find(std::string_view name) const;
  // Makes it when it is new: then it is matched against all patterns, once.
  Topic& touch(std::string_view name);
  // Lets go of a topic without events and exact subscribers that is in nobody's inbox.
  bool forget_if_unused(Topic& topic);
  // Gets the name of each topic that is forgotten, just before it goes.
  void on_forget(std::function<void(std::string_view)> tell) { tell_forgotten_ = std::move(tell); }

  // What a pattern or an exact topic costs the budget when it is joined, at the most.
  [[nodiscard]] static size_t cost_of(std::string_view pattern);
  [[nodiscard]] static size_t cost_of(const Matcher& matcher);
  // Whether they may be joined: comparing topics takes time, with the hub's lock held. kOverloaded
  // when too many others begin like one of them, or too many topics begin like several of them.
  [[nodiscard]] Status check_matchers(const std::vector<MatcherRef>& matchers) const;
  // Both count weights: see Matcher::weight(). A usual matcher alone may have any number of topics.
  static constexpr size_t kMostAlike = 10'000;
  static constexpr size_t kMostCompared = 100'000;
  // Folds the oldest tombstone, first of the broker's topics, into what is known of all forgotten
  // ones: gaps may then be told too often, never too seldom. False when there is none.
  bool drop_oldest_tombstone() { return drop_oldest(own_graves_) || drop_oldest(graves_); }
  void set_max_tombstones(size_t count) { max_tombstones_ = count; }

  // Calls visit(Interest&) for those who want the topic, which need not exist; some maybe twice.
  template <typename Visit>
  void each_wanting(std::string_view name, Visit visit) const {
    if (const Topic* topic = find(name)) {
      for (const Topic::Link& link : topic->interests) {
        visit(*link.interest);
      }
      return;
    }
    each_watch(name, [&](const PatternWatch& watch) {
      for (Interest* interest : watch.interests) {
        visit(*interest);
      }
    });
  }

  // What the journal still knows of a topic without events, and of those that it knows no more.
  void restore(std::string_view name, const Tombstone& tombstone);
  void restore_forgotten(const Tombstone& forgotten) { graves_.forgotten = forgotten; }
  [[nodiscard]] const Tombstone& forgotten() const { return graves_.forgotten; }
  // The rows of the journal that stand for nothing any more.
  std::vector<uint64_t>& dropped_numbers() { return dropped_numbers_; }

  void join(Interest& interest);
  void leave(Interest& interest);

  // What was published counts on for a rule with the same match as before.
  void set_policies(Policies policies);
  // One for each rule, and the last for topics without one.
  [[nodiscard]] const std::vector<Tally>& tallies() const noexcept { return tallies_; }
  [[nodiscard]] const std::map<std::string_view, Topic*>& by_name() const { return by_name_; }
  [[nodiscard]] size_t tombstones() const noexcept {
    return graves_.tombstones.size() + own_graves_.tombstones.size();
  }

  // Topics that have events: kept by retention. Those of the broker ("$…") are counted apart.
  uint64_t topics_with_events = 0;
  uint64_t own_with_events = 0;
  uint64_t& with_events(const Topic& topic) {
    return is_reserved(topic.name) ? own_with_events : topics_with_events;
  }

 private:
  void link(Interest& interest, Topic& topic);
  void join_topic(Interest& interest, std::string_view name, uint64_t join);
  void unlink(Topic& topic, size_t index);
  void bury(const Topic& topic);
  void place(std::string_view name, const Tombstone& tombstone);
  void drop_number(uint64_t number);
  bool drop_oldest(Graveyard& graves);
  Graveyard& graves_of(std::string_view name) { return is_reserved(name) ? own_graves_ : graves_; }
  struct Wild {
    std::string_view pattern;  // Empty: `matcher` instead.
    PatternWatch* watch;
    bool is_new;  // Nobody has watched it so far.
    const Matcher* matcher = nullptr;

    [[nodiscard]] bool wants_own() const;
    [[nodiscard]] bool wants_others() const;
  };
  void watch_wild(Interest& interest, std::vector<Wild>& wild);
  static void learn_losses(const Graveyard& graves, const std::vector<Wild>& wild);
  // What it takes to compare a matcher with the names of an ordered map, in weights; more than
  // `most` is not counted.
  template <typename Map>
  static size_t comparisons(const Map& map, const Matcher& matcher, size_t most);
  // Calls visit(watch) for whatever matches the name.
  template <typename Visit>
  void each_watch(std::string_view name, Visit visit) const {
    patterns_.each_match(name, visit);
    matchers_.each_match(name, visit);
  }
  // Calls visit(entry, wild) for the entries of an ordered map whose names match.
  template <typename Map, typename Visit>
  static void each_match(const Map& map, const std::vector<Wild>& wild, Visit visit);
  // The same for one, where names that match begin with `start`.
  template <typename Map, typename Visit>
  static void each_match(const Map& map, const Wild& wild, std::string_view start, Visit visit);

  Budget& budget_;
  Policies policies_;
  std::vector<Tally> tallies_;  // Grows with new policies only: topics point to it.
  const uint32_t workers_;
  size_t max_tombstones_;
  std::unordered_map<std::string_view, std::unique_ptr<Topic>> topics_;  // Keys in the topics.
  std::map<std::string_view, Topic*> by_name_;
  PatternIndex<PatternWatch> patterns_;
  MatcherIndex<PatternWatch> matchers_;
  Graveyard graves_;
  Graveyard own_graves_;  // Of the broker's topics.
  uint64_t visit_ = 0;    // Counts joins and births; marks what one of them has linked.
  std::vector<uint64_t> dropped_numbers_;
  std::function<void(std::string_view)> tell_forgotten_;
};

}  // namespace ringcast::topics
