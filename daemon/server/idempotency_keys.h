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
    // With its length: a name may hold any byte, and must not run into the topics.
    std::string scope = std::to_string(who.size()).append(1, ':').append(who);
    for (const auto& topic : topics) {
      scope.append(1, '\0').append(topic);
    }
    return scope.append(2, '\0').append(key);
  }

  // What was answered to the first publish.
  struct Answer {
    uint64_t accepted = 0;
    std::string first_id;
    std::string last_id;
  };

  // The first answer; null when there was none in the window.
  [[nodiscard]] const Answer* find(const std::string& scoped_key, int64_t now_ms) {
    expire(now_ms);
    const auto found = answers_.find(scoped_key);
    return found == answers_.end() ? nullptr : &found->second;
  }

  void add(std::string scoped_key, Answer answer, int64_t now_ms) {
    const auto [entry, is_new] = answers_.emplace(std::move(scoped_key), std::move(answer));
    if (!is_new) {
      return;
    }
    bytes_ += entry->first.size();
    order_.push_back({now_ms, &entry->first});
    while (answers_.size() > options_.keys ||
           (bytes_ > options_.keys * kBytesPerKey && answers_.size() > 1)) {
      drop_oldest();
    }
  }

  void set_options(IdempotencyOptions options) { options_ = options; }
  [[nodiscard]] size_t size() const noexcept { return answers_.size(); }
  [[nodiscard]] int64_t window_ms() const noexcept { return options_.window_ms; }

 private:
  static constexpr size_t kBytesPerKey = 256;

  struct Age {
    int64_t since_ms;
    const std::string* key;  // In answers_, whose nodes stay where they are.
  };

  void expire(int64_t now_ms) {
    while (!order_.empty() && order_.front().since_ms + options_.window_ms <= now_ms) {
      drop_oldest();
    }
  }

  void drop_oldest() {
    const Age oldest = order_.pop_front();
    bytes_ -= oldest.key->size();
    answers_.erase(answers_.find(*oldest.key));
  }

  IdempotencyOptions options_;
  std::unordered_map<std::string, Answer> answers_;
  Fifo<Age> order_;
  size_t bytes_ = 0;
};

}  // namespace ringcast::server
