#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "server/idempotency_keys.h"
#include "server/options.h"
#include "topics/catalog.h"
#include "topics/reader.h"
#include "topics/retention.h"
#include "topics/start.h"

namespace ringcast::server {

// One thing to publish: an event, or a comment that nobody keeps. Everything in it was checked.
struct Draft {
  std::unique_ptr<sse::Event> event;
  std::string key;                                   // Idempotency key; empty: none.
  std::optional<IdempotencyKeys::Answer> repeat_of;  // Set by publish() when the key is known.
  topics::BytesRef comment;                 // Instead of the event: a block of comment lines...
  std::vector<std::string> comment_topics;  // ...and where it goes.
};

// What became of a publish.
struct Receipt {
  uint64_t accepted = 0;    // Events and comments, repeats included.
  uint64_t duplicates = 0;  // Answered from an earlier publish with the same key.
  std::string first_id;     // Empty when nothing was stored (and nothing repeated).
  std::string last_id;
};

// A comment on its way to one worker's subscribers.
struct Comment {
  topics::BytesRef block;
  std::vector<topics::Interest*> interests;
};

// What a worker takes from its inbox: who has news, and up to where it may serve.
struct News {
  uint64_t visible = 0;
  std::vector<topics::Interest*> interests;  // Their `news` name the topics.
  std::vector<Comment> comments;
};

// Where a new subscriber stands.
struct Opening {
  topics::Reader reader;
  std::optional<sse::GapReason> gap;  // kEpoch or kUnknown, to be told first.
  uint64_t committed = 0;             // When the interest joined, at the latest.
};

struct TopicView {
  std::string name;
  uint64_t subscribers = 0;
  uint64_t events = 0;
  uint64_t bytes = 0;
  std::string oldest;  // Positions; empty without events.
  std::string newest;
};

struct HubCounts {
  uint64_t published = 0;
  uint64_t evicted = 0;
  uint64_t topics = 0;
  uint64_t topics_with_events = 0;
  uint64_t tombstones = 0;
  uint64_t idempotency_keys = 0;
  int64_t memory_used = 0;
  int64_t memory_limit = 0;
};

// The only place where order is made. One lock guards the sequence, the rings, who wants what, and
// the workers' inboxes; it is held for a few steps, never across a callback or a system call:
//   publish:  make room, then for each event: next seq, into the rings, into the inboxes; unlock;
//             wake the workers.
//   a worker: takes its inbox and the committed seq together: that seq is its `visible`.
//   subscribe: join the interest and read the start together.
// So no worker can step over an event whose wake is still in its inbox. Thread-safe.
class Hub {
 public:
  Hub(const Options& options, std::string epoch, const Clock& clock);
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;
  ~Hub() = default;

  static constexpr uint32_t kNoWorker = UINT32_MAX;

  // Stores all or nothing. `by_worker` is not woken: it looks into its inbox before it sleeps.
  // kOverloaded: too many topics or too large; kBehind: no memory before subscribers were served.
  // Drafts are used up on success and untouched on failure. `request_key`: an idempotency key of
  // all drafts together, in its scope; empty: none.
  Result<Receipt> publish(std::vector<Draft>& drafts, std::string_view who, uint32_t by_worker,
                          const std::string& request_key = {});

  // Called once for each worker before anything is published; `wake` may come from any thread.
  void set_waker(uint32_t worker, std::function<void()> wake);
  [[nodiscard]] bool has_news(uint32_t worker) const noexcept;
  // Into `news`, whose vectors are reused.
  void take_news(uint32_t worker, News& news);
  // The worker's subscribers that can take more have been served up to `seq`.
  void set_pumped(uint32_t worker, uint64_t seq) noexcept {
    pumped_[worker].store(seq, std::memory_order_release);
  }

  // Joins the interest if it is new, and finds the start. kOverloaded when memory is out.
  Result<Opening> open(topics::Interest& interest, const topics::StartRequest& request);
  // The interest has no readers left; it may be destroyed afterwards.
  void leave(topics::Interest& interest);
  // The next slice. With a loss the reader's `told` moves on: the caller tells it.
  topics::Slice read(const topics::Interest& interest, topics::Reader& reader, uint64_t visible,
                     bool only_news);

  // DELETE: the topic's events up to now leave. False when there is no such topic.
  bool clear(std::string_view topic);
  // Housekeeping over up to `count` topics; somebody calls it so that each is met within a second.
  void sweep(size_t count);
  // Topics from the one after `after`, at most `limit`, whose names start with `prefix` and that
  // `may_see` lets through. `more` says whether others follow.
  std::vector<TopicView> list(std::string_view prefix, std::string_view after, size_t limit,
                              const std::function<bool(std::string_view)>& may_see, bool& more);
  std::optional<TopicView> view(std::string_view topic);
  // A page of history after the place that the request names: a slice and, when something is
  // missing, why. The interest is private to the caller and is not joined afterwards.
  struct Page {
    topics::Slice slice;
    std::optional<sse::GapReason> gap;
    bool more = false;
  };
  Result<Page> history(topics::Interest& interest, const topics::StartRequest& request,
                       size_t limit);

  void set_options(const Options& options);
  [[nodiscard]] HubCounts counts();
  [[nodiscard]] const std::string& epoch() const noexcept { return epoch_; }
  [[nodiscard]] std::string position(uint64_t seq) const;
  [[nodiscard]] topics::Budget& budget() noexcept { return budget_; }
  [[nodiscard]] const Clock& clock() const noexcept { return clock_; }

 private:
  struct Inbox {
    std::vector<topics::Topic*> topics;
    std::vector<std::pair<topics::BytesRef, std::vector<std::string>>> comments;
    size_t comment_bytes = 0;
    uint64_t round = 0;
    bool is_woken = false;
    std::atomic<bool> has_news{false};
    std::function<void()> wake;
  };

  void find_repeats(std::vector<Draft>& drafts, std::string_view who, int64_t now_ms);
  Status make_room(const std::vector<Draft>& drafts);
  std::vector<topics::Interest*> interests_in(const std::vector<std::string>& names,
                                              uint32_t worker) const;
  void store(Draft& draft, std::string_view who, Receipt& receipt);
  void announce(topics::Topic& topic);
  void announce(const Draft& comment);
  void mark(Inbox& inbox, uint32_t worker);
  void wake_marked(uint64_t marked, uint32_t except);
  [[nodiscard]] TopicView view_of(const topics::Topic& topic) const;

  const std::string epoch_;
  const Clock& clock_;
  topics::Budget budget_;
  std::vector<std::atomic<uint64_t>> pumped_;

  std::mutex mutex_;  // Guards all below.
  topics::Catalog catalog_;
  topics::Retention retention_;
  IdempotencyKeys keys_;
  std::vector<Inbox> inboxes_;
  uint64_t topics_limit_;
  uint64_t committed_ = 0;
  uint64_t published_ = 0;
  uint64_t to_wake_ = 0;  // A bit for each worker that this publish has to wake.
  int64_t last_time_ms_ = 0;
};

}  // namespace ringcast::server
