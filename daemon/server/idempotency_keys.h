#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/fifo.h"
#include "server/options.h"

namespace ringcast::server {

// Remembers the answers to publishes that came with an idempotency key, for a window of time. When
// `keys` (or 256 bytes for each of them) are used up, the oldest goes early. Guarded by the hub's
// lock.
class IdempotencyKeys {
 public:
  explicit IdempotencyKeys(IdempotencyOptions options) : options_(options) {}

  // The key's scope is who publishes, and where.
  template <typename Topics>
  static std::string scoped(std::string_view who, const Topics& topics, std::string_view key) {
    std::string scope(who);
    for (const auto& topic : topics) {
      scope.append(1, '\0').append(topic);
    }
    return scope.append(2, '\0').append(key);
  }

  // The id that was answered to the first publish; null when there was none in the window.
  [[nodiscard]] const std::string* find(const std::string& scoped_key, int64_t now_ms) {
    expire(now_ms);
    const auto found = ids_.find(scoped_key);
    return found == ids_.end() ? nullptr : &found->second;
  }

  void add(std::string scoped_key, std::string_view id, int64_t now_ms) {
    const auto [entry, is_new] = ids_.emplace(std::move(scoped_key), id);
    if (!is_new) {
      return;
    }
    bytes_ += entry->first.size();
    order_.push_back({now_ms, &entry->first});
    while (ids_.size() > options_.keys ||
           (bytes_ > options_.keys * kBytesPerKey && ids_.size() > 1)) {
      drop_oldest();
    }
  }

  void set_options(IdempotencyOptions options) { options_ = options; }
  [[nodiscard]] size_t size() const noexcept { return ids_.size(); }

 private:
  static constexpr size_t kBytesPerKey = 256;

  struct Age {
    int64_t since_ms;
    const std::string* key;  // In ids_, whose nodes stay where they are.
  };

  void expire(int64_t now_ms) {
    while (!order_.empty() && order_.front().since_ms + options_.window_ms <= now_ms) {
      drop_oldest();
    }
  }

  void drop_oldest() {
    const Age oldest = order_.pop_front();
    bytes_ -= oldest.key->size();
    ids_.erase(ids_.find(*oldest.key));
  }

  IdempotencyOptions options_;
  std::unordered_map<std::string, std::string> ids_;
  Fifo<Age> order_;
  size_t bytes_ = 0;
};

}  // namespace ringcast::server
