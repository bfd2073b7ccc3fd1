#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ringcast/error.h"

namespace ringcast::client {

// An event to publish. Text is UTF-8; what is not is refused as kInvalid.
struct Publication {
  std::vector<std::string> topics;   // One, or up to 100 that carry the same event.
  std::string data;                  // May be empty, and then is an event with empty data.
  std::string type;                  // Empty: "message".
  std::string id;                    // The publisher's own id; empty: the broker gives one.
  std::optional<uint64_t> retry_ms;  // How long subscribers wait before they reconnect.
  // The same key on the same topics within the broker's window (5 min) stores nothing again.
  // Empty: one is made up, so that what a broken connection left unanswered can be sent again.
  std::string key;
  bool is_json = false;     // `data` is JSON; it is checked and sent without white space.
  bool is_private = false;  // Only readers that show a token get it.
  // Not an event but a comment on the stream: best effort, stored nowhere. Only with topics and
  // data; what is left unanswered may be sent twice.
  bool is_comment = false;
};

// The broker has the event.
struct Receipt {
  std::string id;             // Empty for comments.
  bool is_duplicate = false;  // Its key was known: nothing was stored, the id is the first one's.
};

// The broker has all events of a batch.
struct BatchReceipt {
  uint64_t accepted = 0;
  uint64_t duplicates = 0;  // Among those accepted.
  std::string first_id;     // Both empty when nothing was stored.
  std::string last_id;
};

struct PublishOptions {
  // How long to try again while the broker cannot be reached or is busy, from the first failure.
  // Stay below the time that the broker remembers keys (`idempotency.window`, 5 min).
  uint64_t retry_for_ms = 30'000;
  uint64_t timeout_ms = 30'000;  // For each attempt.
  // Told of every attempt that failed and will be made again after `wait_ms`.
  std::function<void(const Error& error, uint64_t wait_ms)> on_retry;
};

// Many events for one request, encoded as they are added. They are stored one by one in this
// order: when the broker refuses one (Problem::line), those before it stand.
class [[gnu::visibility("default")]] Batch {
 public:
  Batch();
  Batch(Batch &&) noexcept;
  Batch& operator=(Batch&&) noexcept;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch();

  // Adds an event at the end. kInvalid, and the batch as it was, when it cannot be published.
  [[nodiscard]] Error add(const Publication& publication);
  [[nodiscard]] size_t size() const noexcept;   // Events.
  [[nodiscard]] size_t bytes() const noexcept;  // Of the request's body.
  [[nodiscard]] bool empty() const noexcept {
    return size() == 0;
  }

 private:
  friend class Client;
  struct Impl;
  std::unique_ptr<Impl> impl_;  // Null after a move.
};

}  // namespace ringcast::client
