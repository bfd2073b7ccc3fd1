#include "server/rate_limiter.h"

#include <algorithm>
#include <functional>
#include <iterator>

namespace ringcast::server {

namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr uint64_t kNsPerSecond = 1'000'000'000;
// More than a request can have; keeps the times far from their end.
constexpr uint64_t kMaxCost = 1'000'000'000;
// So many of those that were not used for longest are compared.
constexpr size_t kCandidates = 8;

}  // namespace

RateLimiter::RateLimiter(Rate rate, uint64_t max_buckets) {
  set_options(rate, max_buckets);
}

void RateLimiter::set_options(Rate rate, uint64_t max_buckets) {
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    shard.rate = rate;
    shard.max_buckets = std::max<size_t>(max_buckets / kShards, 1);
    while (shard.buckets.size() > shard.max_buckets) {
      shard.make_room();
    }
  }
}

size_t RateLimiter::size() const {
  size_t size = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    size += shard.buckets.size();
  }
  return size;
}

RateLimiter::Answer RateLimiter::take(std::string_view client, uint64_t cost, int64_t now_ms) {
  Shard& shard = shard_of(client);
  const std::lock_guard lock(shard.mutex);
  return shard.take(client, cost, now_ms * kNsPerMs);
}

void RateLimiter::give_back(std::string_view client, uint64_t cost) {
  Shard& shard = shard_of(client);
  const std::lock_guard lock(shard.mutex);
  if (const auto found = shard.by_client.find(client); found != shard.by_client.end()) {
    found->second->full_at_ns -= shard.cost_ns(cost);
  }
}

// The high bits: the table of the shard goes by the low ones.
RateLimiter::Shard& RateLimiter::shard_of(std::string_view client) {
  return shards_[(std::hash<std::string_view>{}(client) >> 32) % kShards];
}

int64_t RateLimiter::Shard::cost_ns(uint64_t cost) const {
  return static_cast<int64_t>(std::min(cost, kMaxCost) * kNsPerSecond / rate.per_second);
}

RateLimiter::Answer RateLimiter::Shard::take(std::string_view client, uint64_t cost,
                                             int64_t now_ns) {
  Bucket& bucket = bucket_of(client);
  const int64_t burst_ns = rate.burst_ms * kNsPerMs;
  const int64_t costs_ns = cost_ns(cost);
  const int64_t lacking_ns = std::max(bucket.full_at_ns, now_ns) - now_ns;
  const int64_t wait_ns = lacking_ns + std::min(costs_ns, burst_ns) - burst_ns;
  if (wait_ns > 0) {
    return {.is_allowed = false, .wait_ms = (wait_ns + kNsPerMs - 1) / kNsPerMs};
  }
  bucket.full_at_ns = now_ns + lacking_ns + costs_ns;
  return {.is_allowed = true, .wait_ms = 0};
}

RateLimiter::Bucket& RateLimiter::Shard::bucket_of(std::string_view client) {
  if (const auto found = by_client.find(client); found != by_client.end()) {
    buckets.splice(buckets.begin(), buckets, found->second);
    return buckets.front();
  }
  if (buckets.size() >= max_buckets) {
    make_room();
  }
  buckets.push_front({std::string(client), INT64_MIN});
  by_client.emplace(buckets.front().client, buckets.begin());
  return buckets.front();
}

void RateLimiter::Shard::make_room() {
  auto fullest = std::prev(buckets.end());
  auto candidate = fullest;
  for (size_t i = 1; i < kCandidates && candidate != buckets.begin(); ++i) {
    --candidate;
    if (candidate->full_at_ns < fullest->full_at_ns) {
      fullest = candidate;
    }
  }
  by_client.erase(fullest->client);
  buckets.erase(fullest);
}

}  // namespace ringcast::server
