#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/hub.h"

namespace ringcast::server {

// Where the presence of a topic is told: "$sys/presence/rooms/1" of "rooms/1".
inline constexpr std::string_view kPresencePrefix = "$sys/presence/";

// Of which topics of a subscription its coming and going is told: those that it names exactly and
// that one of the patterns in `named` matches. A pattern stands for no reader of any one topic.
[[nodiscard]] std::vector<std::string> present_in(const std::vector<std::string>& subscription,
                                                  const std::vector<std::string>& named);

// A stream that counts in topics whose presence is told.
struct Stay {
  std::vector<std::string> topics;
  std::string stream;  // Names it in its events.
  std::string who;     // Empty: nobody said who.
};

// Tells who comes to and leaves topics, as events of the broker in "$sys/presence/<topic>" that are
// never journaled. It costs a lock of its own and a publish for each coming and going in topics
// that are named, and nothing else anywhere. Thread-safe; the hub outlives it.
class Presence {
 public:
  struct Counts {
    std::atomic<uint64_t> events{0};
    std::atomic<uint64_t> dropped{0};  // The journal was behind; readers are told of a gap.
  };

  explicit Presence(Hub& hub);
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

  // A stream has been opened; `topics` is what present_in() gave, and not empty.
  std::unique_ptr<Stay> join(std::vector<std::string> topics, std::string_view who);
  // The stream is gone.
  void leave(const Stay& stay, std::string_view reason);
  // Other topics are named now: the stream, with a stay so far or without, counts in `topics` from
  // now on, and nothing is told.
  void recount(std::unique_ptr<Stay>& stay, std::vector<std::string> topics, std::string_view who);

  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

 private:
  std::string next_stream();
  void uncount(const Stay& stay);
  void tell(const Stay& stay, std::string_view event, std::string_view reason);

  Hub& hub_;
  const std::string life_;  // Of this process: streams of an earlier one are not meant.
  Counts counts_;
  std::mutex mutex_;  // Guards the next two, and the order of events. Taken before the hub's.
  std::unordered_map<std::string, uint64_t> readers_;
  uint64_t last_stream_ = 0;
};

}  // namespace ringcast::server
