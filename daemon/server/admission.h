#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace ringcast::server {

// Places that each client may hold, such as connections of an address. Thread-safe. It holds a
// count only for who has a place, so that its size is bounded by what the places are for. Must
// outlive its tickets.
class Admission {
  struct Shard;
  struct Held {
    Shard* shard;
    uint64_t places = 0;
  };
  using Counts = std::unordered_map<std::string, Held>;

 public:
  // A place, given back at its end. Small: every connection has one or two.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    Ticket& operator=(Ticket&& other) noexcept {
      const Ticket old(std::move(*this));
      held_ = std::exchange(other.held_, nullptr);
      return *this;
    }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    ~Ticket();
    // False: no place.
    explicit operator bool() const noexcept { return held_ != nullptr; }

   private:
    friend class Admission;
    explicit Ticket(Counts::value_type* held) : held_(held) {}

    Counts::value_type* held_ = nullptr;  // In its shard, whose nodes stay where they are.
  };

  explicit Admission(uint64_t places_each) : places_each_(places_each) {}
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // A place, unless `client` has as many as it may.
  [[nodiscard]] Ticket admit(std::string_view client);
  // Who has more places keeps them, but gets no other.
  void set_places(uint64_t places_each) { places_each_ = places_each; }
  [[nodiscard]] uint64_t places_each() const { return places_each_; }
  [[nodiscard]] uint64_t places_of(std::string_view client) const;
  // How many clients hold a place.
  [[nodiscard]] size_t size() const;

 private:
  struct Shard {
    mutable std::mutex mutex;
    Counts counts;
  };

  static constexpr size_t kShards = 16;
  static size_t index_of(std::string_view client);

  std::atomic<uint64_t> places_each_;
  std::array<Shard, kShards> shards_;
};

// Who created which topic, so that one publisher cannot use limits.topics up. Not thread-safe: it
// belongs under the hub's lock.
class TopicQuota {
 public:
  explicit TopicQuota(uint64_t topics_each) : by_client_(topics_each) {}

  // Counts a topic that is about to be created for the client. False, and nothing is counted, when
  // it has as many as it may; true, and nothing is counted twice, when the topic is counted.
  [[nodiscard]] bool claim(std::string_view client, std::string_view topic);
  [[nodiscard]] bool is_counted(std::string_view topic) const;
  // The topic is gone, or was not created after all.
  void release(std::string_view topic);
  // Who has more topics keeps them, but gets no other.
  void set_topics(uint64_t topics_each) { by_client_.set_places(topics_each); }
  [[nodiscard]] uint64_t topics_each() const { return by_client_.places_each(); }
  [[nodiscard]] uint64_t topics_of(std::string_view client) const {
    return by_client_.places_of(client);
  }
  // How many topics are counted.
  [[nodiscard]] size_t size() const { return tickets_.size(); }

 private:
  Admission by_client_;  // Before its tickets.
  std::unordered_map<std::string, Admission::Ticket> tickets_;
};

}  // namespace ringcast::server
