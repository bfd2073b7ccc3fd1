#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace ringcast::server {

// What each client may do in a time: a bucket that fills with `per_second`, up to what comes in
// `burst_ms`.
struct Rate {
  uint64_t per_second = 1;
  int64_t burst_ms = 1000;
  bool operator==(const Rate&) const = default;
};

// A token bucket for each client: an address, or the name of a token. Thread-safe; a turn takes
// one of several locks for a moment, by the client. There is room for so many buckets: a full one
// says nothing that a new one does not, so of those that were not used for longest the fullest
// goes first.
class RateLimiter {
 public:
  RateLimiter(Rate rate, uint64_t max_buckets);

  struct Answer {
    bool is_allowed;
    int64_t wait_ms;  // Until it would be allowed, if nothing else is taken; for Retry-After.
  };

  // Takes `cost` tokens, or none. What costs more than a bucket holds is allowed when the bucket
  // is full, and paid off before the next: else it would never be. `now_ms` is a steady time.
  Answer take(std::string_view client, uint64_t cost, int64_t now_ms);

  // What was taken was not used after all.
  void give_back(std::string_view client, uint64_t cost);

  // Buckets keep what they lack, counted in time.
  void set_options(Rate rate, uint64_t max_buckets);
  [[nodiscard]] size_t size() const;

 private:
  // Kept as the time when it will be full (GCRA, the generic cell rate algorithm): nothing has to
  // be filled while time goes by.
  struct Bucket {
    std::string client;
    int64_t full_at_ns;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::list<Bucket> buckets;  // Last used first.
    std::unordered_map<std::string_view, std::list<Bucket>::iterator> by_client;
    Rate rate;
    size_t max_buckets = 1;

    [[nodiscard]] int64_t cost_ns(uint64_t cost) const;
    Answer take(std::string_view client, uint64_t cost, int64_t now_ns);
    Bucket& bucket_of(std::string_view client);
    void make_room();
  };

  static constexpr size_t kShards = 16;
  Shard& shard_of(std::string_view client);

  std::array<Shard, kShards> shards_;
};

}  // namespace ringcast::server
