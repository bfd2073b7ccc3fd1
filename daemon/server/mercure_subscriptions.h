#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mercure/subscription_document.h"
#include "server/hub.h"

namespace ringcast::server {

// A stream whose subscriptions are listed and told of.
struct MercureStay {
  std::string path;                 // Of the list: "/.well-known/mercure/subscriptions".
  std::vector<std::string> topics;  // As it named them, without repeats.
  std::string subscriber;           // A URN.
  std::string payload;              // Of its token, JSON; empty: none.
};

// Who subscribes to what by the Mercure protocol. It tells of that by private events of the broker,
// in topics that are named as the protocol has it below topics::kMercureRoot; they are never
// journaled. As with Presence, who is gone without a word is told of when its stream is reaped.
// Thread-safe; the hub outlives it.
class MercureSubscriptions {
 public:
  struct Counts {
    std::atomic<uint64_t> events{0};
    std::atomic<uint64_t> dropped{0};  // There was no memory for them, or too many topics.
  };
  struct Listing {
    std::string last_id;  // The hub's, not later than the entries.
    std::string version;  // Changes with the entries, and with `last_id`.
    std::vector<mercure::SubscriptionEntry> entries;
  };

  explicit MercureSubscriptions(Hub& hub) : hub_(hub) {}
  MercureSubscriptions(const MercureSubscriptions&) = delete;
  MercureSubscriptions& operator=(const MercureSubscriptions&) = delete;
  ~MercureSubscriptions() = default;

  // A stream has been opened.
  std::unique_ptr<MercureStay> join(std::string path, std::vector<std::string> topics,
                                    std::string payload);
  // The stream is gone.
  void leave(const MercureStay& stay);
  // All, or those of a topic, or of a topic and a subscriber.
  [[nodiscard]] Listing list(const std::optional<std::string>& topic,
                             const std::optional<std::string>& subscriber) const;

  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

 private:
  void tell(const MercureStay& stay, bool is_active);

  Hub& hub_;
  Counts counts_;
  mutable std::mutex mutex_;  // Guards the next two, and the order of events. Before the hub's.
  // By topic and subscriber, both in their stay.
  std::map<std::pair<std::string_view, std::string_view>, const MercureStay*> stays_;
  uint64_t changes_ = 0;
};

}  // namespace ringcast::server
