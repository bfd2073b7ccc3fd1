#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "mercure/match_query.h"
#include "server/hub.h"
#include "server/mercure_topic.h"

namespace ringcast::server {

// A stream whose subscriptions are listed and told of.
struct MercureStay {
  std::string path;                  // Of the list: "/.well-known/mercure/subscriptions".
  std::vector<MercureTopic> topics;  // Without repeats.
  std::string subscriber;            // A URN.
};

// Who subscribes to what by the Mercure protocol. It tells of that by private events of the broker,
// in topics that are named as the protocol has it below topics::kMercureRoot; they are never
// journaled. As with Presence, who is gone without a word is told of when its stream is reaped.
// Thread-safe; the hub outlives it.
class MercureSubscriptions {
 public:
  struct Counts {
    std::atomic<uint64_t> events{0};
    std::atomic<uint64_t> dropped{0};  // The journal was behind; readers are told of a gap.
  };
  // Those of one dialect; of a topic that was named so, or of it and a subscriber.
  struct Filter {
    mercure::Dialect dialect = mercure::Dialect::kStable;
    std::optional<mercure::MatchType> type;  // With a topic of kDraft.
    std::optional<std::string> topic;
    std::optional<std::string> subscriber;
  };
  struct Entry {
    std::shared_ptr<const MercureStay> stay;
    const MercureTopic* topic;  // In it.
  };
  struct Listing {
    std::string last_id;  // The hub's, not later than the entries.
    std::string version;  // Changes with the entries, and with `last_id`.
    std::vector<Entry> entries;
  };

  explicit MercureSubscriptions(Hub& hub) : hub_(hub) {}
  MercureSubscriptions(const MercureSubscriptions&) = delete;
  MercureSubscriptions& operator=(const MercureSubscriptions&) = delete;
  ~MercureSubscriptions() = default;

  // A stream has been opened.
  std::shared_ptr<const MercureStay> join(std::string path, std::vector<MercureTopic> topics);
  // The stream is gone.
  void leave(const MercureStay& stay);
  [[nodiscard]] Listing list(const Filter& filter) const;

  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

 private:
  void tell(const MercureStay& stay, bool is_active);

  Hub& hub_;
  Counts counts_;
  mutable std::mutex mutex_;  // Guards the next two, and the order of events. Before the hub's.
  // By how the topic was named, its text and the subscriber; texts are in their stay.
  using Key = std::tuple<std::optional<mercure::MatchType>, std::string_view, std::string_view>;
  std::map<Key, Entry> places_;
  uint64_t changes_ = 0;
};

}  // namespace ringcast::server
