#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/duration_histogram.h"
#include "base/result.h"
#include "server/admission.h"
#include "server/idempotency_keys.h"
#include "server/options.h"
#include "topics/catalog.h"
#include "topics/journal.h"
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

// Who publishes.
struct Publisher {
  Publisher() = default;
  // A name alone, in any form of text.
  template <typename Text>
  requires std::is_convertible_v<const Text&, std::string_view>
  // NOLINTNEXTLINE(google-explicit-constructor)
  Publisher(const Text& only_name) : name(only_name) {}
  Publisher(std::string_view its_name, std::string_view its_client)
      : name(its_name), client(its_client) {}

  std::string_view name;    // The scope of idempotency keys.
  std::string_view client;  // Whom limits.topics_per_token counts; empty: nobody.
};

// What became of a publish.
struct Receipt {
  uint64_t accepted = 0;    // Events and comments, repeats included.
  uint64_t duplicates = 0;  // Answered from an earlier publish with the same key.
  std::string first_id;     // Empty when nothing was stored (and nothing repeated).
  std::string last_id;
};

// Gets the outcome of a publish that waited for the journal, on the journal's thread; with a
// failure the drafts come back.
using Published = std::function<void(Result<Receipt>, std::vector<Draft>)>;

// A publish that waits for the journal.
struct Submission {
  std::vector<Draft> drafts;
  std::string who;     // Publisher::name,
  std::string client;  // and its client.
  std::string request_key;
  std::string cleared;  // Instead of drafts: DELETE of this topic.
  Published done;
  int64_t submitted_us = 0;  // Steady.
  size_t charged = 0;
  size_t disk_bytes = 0;  // That the journal needs for it, at most.
  bool is_own = false;    // Events of the broker's own.
  Receipt receipt;
  std::optional<Error> refusal;
  bool is_written = false;  // Needs what its group writes.
};
struct CommitGroup;
struct TrimPlan;
class TopicScan;

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
  std::optional<sse::GapReason> gap;      // kEpoch or kUnknown, to be told first.
  uint64_t committed = 0;                 // When the interest joined, at the latest.
  std::optional<topics::PlaceQuery> ask;  // Only the journal knows the place: see Hub::place().
};

// Events that were read from the journal, in the memory budget.
struct HeldPage {
  std::vector<topics::EventRef> events;
  uint64_t end = 0;
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
  uint64_t published_bytes = 0;  // As they go out.
  uint64_t evicted = 0;
  uint64_t topics = 0;
  uint64_t topics_with_events = 0;
  uint64_t tombstones = 0;
  uint64_t idempotency_keys = 0;
  int64_t memory_used = 0;
  int64_t memory_limit = 0;
  uint64_t left_journal = 0;   // Events, counted in each of their topics.
  uint64_t pending_bytes = 0;  // That wait to be written...
  uint64_t pending_limit = 0;  // ...and may.
  bool is_settled = true;      // With a journal: whatever was submitted has its answer.
};

// The only place where order is made. One lock guards the sequence, the rings, who wants what, and
// the workers' inboxes; it is held for a few steps, never across a callback or a system call:
//   publish:  make room, then for each event: next seq, into the rings, into the inboxes; unlock;
//             wake the workers.
//   a worker: takes its inbox and the committed seq together: that seq is its `visible`.
//   subscribe: join the interest and read the start together.
// So no worker can step over an event whose wake is still in its inbox. With a journal, publishing
// is cut in two, so that the lock is never held while the disk works:
//   submit:   into the queue; unlock; wake the journal's thread.
//   commit:   the queue, or a part of it, gets its seqs; unlock; write; lock; into the rings and
//             inboxes; unlock; wake the workers; answer.
// Thread-safe, but for what the journal's thread alone may call.
class Hub {
 public:
  // Without a journal, `epoch` names a new history. `journal` outlives the hub.
  Hub(const Options& options, std::string epoch, const Clock& clock);
  Hub(const Options& options, topics::Journal& journal, const Clock& clock);
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;
  ~Hub() = default;

  static constexpr uint32_t kNoWorker = UINT32_MAX;
  // Who reads beside the workers: webhooks. Serves like a worker, and gets no comments.
  [[nodiscard]] uint32_t own_reader() const noexcept {
    return static_cast<uint32_t>(inboxes_.size()) - 1;
  }

  // Stores all or nothing. `by_worker` is not woken: it looks into its inbox before it sleeps.
  // kOverloaded: too many topics or too large; kTooMany: too many that the client has created;
  // kBehind: no memory before subscribers were served.
  // Drafts are used up on success and untouched on failure. `request_key`: an idempotency key of
  // all drafts together, in its scope; empty: none.
  Result<Receipt> publish(std::vector<Draft>& drafts, Publisher who, uint32_t by_worker,
                          const std::string& request_key = {});

  // The same where there is a journal: `done` gets the outcome. kBehind, and the drafts are
  // untouched, when more waits to be written than may.
  // Written after the next release_submissions(). Workers are woken after `done`, not by it.
  Status submit(std::vector<Draft>& drafts, Publisher who, const std::string& request_key,
                Published done);
  // What was submitted in one turn of a loop is one group, and one slice for its readers.
  void release_submissions();
  [[nodiscard]] bool has_journal() const noexcept { return journal_ != nullptr; }

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
  // The opening once the journal has answered Opening::ask with a seq.
  Opening place(const topics::StartRequest& request, const topics::PlaceQuery& asked,
                uint64_t found);
  // Has anything that a reader wants next left the history?
  bool has_lost(const topics::Interest& interest, const topics::Reader& reader);
  // The interest has no readers left; it may be destroyed afterwards.
  void leave(topics::Interest& interest);
  // The next slice. With a loss the reader's `told` moves on: the caller tells it.
  topics::Slice read(const topics::Interest& interest, topics::Reader& reader, uint64_t visible,
                     bool only_news);

  // What the journal is to be asked when a slice is on disk, and the slice that its answer means.
  topics::PageQuery page_query(const topics::Interest& interest, topics::Reader reader,
                               uint64_t visible);
  HeldPage hold(topics::Page page);
  topics::Slice read_page(const topics::Interest& interest, topics::Reader& reader,
                          const HeldPage& page);

  // DELETE: the topic's events up to now leave. False when there is no such topic.
  bool clear(std::string_view topic);
  // The same where there is a journal: `done` is told when it is safe.
  void submit_clear(std::string_view topic, Published done);
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
  // `reader`: of the journal, where there is one; the call then waits for the disk.
  Result<Page> history(topics::Interest& interest, const topics::StartRequest& request,
                       size_t limit, topics::JournalReader* reader = nullptr);

  // While somebody watches the broker, hub_watch.cc:

  // How many read each of these topics, by whatever pattern.
  std::vector<uint64_t> watchers(std::span<const std::string_view> names);
  // What a reader at `cursor` has not got of a bounded number of its topics.
  struct Backlog {
    uint64_t events = 0;     // In memory; one of several topics counts in each.
    bool has_more = false;   // There is something on disk, or topics that were not looked at.
    bool is_lapped = false;  // Some has left the history.
    int64_t lag_ms = 0;      // The age of the oldest; 0: nothing is known.
    std::string late_topic;  // That this one is in.
  };
  Backlog backlog(const topics::Interest& interest, uint64_t cursor);
  // Goes on with a walk over all topics but the broker's own, `count` of them at the most. True
  // when it has come to the end.
  bool scan(TopicScan& scan, size_t count);

  // The journal's thread, hub_commit.cc:

  // Reads back what the journal holds: before anything else is asked of this hub. `progress` gets
  // the topics and events that are done.
  Status restore(const std::function<void(uint64_t, uint64_t)>& progress);
  // Until something waits to be written, at most `for_ms`. False when there is nothing more and
  // stop_commits() was called.
  bool wait_for_commits(int64_t for_ms);
  void stop_commits();
  // Something has to leave the journal.
  [[nodiscard]] bool has_trims();
  // Writes what waits, a bounded part of it, lets go of what has to leave the journal, and answers.
  // False when there was nothing to write.
  Result<bool> commit();
  // Publishes are refused while there is such an error: what was acknowledged could not be synced.
  void set_storage_error(std::optional<Error> error);

  void set_options(const Options& options);
  [[nodiscard]] HubCounts counts();
  // What the topics of each rule hold, as topics::Catalog has it.
  [[nodiscard]] std::vector<topics::Tally> tallies();
  // How long the journal took for each group. Any thread.
  [[nodiscard]] const DurationHistogram& journal_writes() const noexcept { return writes_; }
  [[nodiscard]] const std::string& epoch() const noexcept { return epoch_; }
  [[nodiscard]] std::string position(uint64_t seq) const;
  // Of what was published last and is visible.
  [[nodiscard]] std::string last_position();
  [[nodiscard]] topics::Budget& budget() noexcept { return budget_; }
  [[nodiscard]] const Clock& clock() const noexcept { return clock_; }

 private:
  Hub(const Options& options, std::string epoch, const Clock& clock, topics::Journal* journal);

  struct Inbox {
    std::vector<topics::Topic*> topics;
    std::vector<std::pair<topics::BytesRef, std::vector<std::string>>> comments;
    size_t comment_bytes = 0;
    uint64_t round = 0;
    bool is_woken = false;
    std::atomic<bool> has_news{false};
    std::function<void()> wake;
  };

  topics::Start find_start(const topics::Interest& interest, const topics::StartRequest& request);
  Opening opening_at(const topics::Start& start);
  Result<Page> read_history(const topics::Interest& interest, const topics::StartRequest& request,
                            size_t limit, topics::JournalReader* reader,
                            std::unique_lock<std::mutex>& lock);
  topics::PageQuery query_of(const topics::Interest& interest, topics::Reader reader,
                             uint64_t visible) const;
  static void add_unjournaled(const topics::Interest& interest, topics::Reader reader,
                              topics::Slice& slice);
  topics::Slice slice_of(const topics::Interest& interest, topics::Reader reader,
                         const HeldPage& page) const;
  bool is_retained(const sse::Event& event, const topics::Interest& interest) const;

  Status admit(bool is_own, size_t bytes);
  Status write(const CommitGroup& group);
  void take_submissions(CommitGroup& group);
  void sequence(CommitGroup& group, Submission& submission);
  void sequence(CommitGroup& group, Submission& submission, Draft& draft);
  bool place_in_journal(CommitGroup& group, const sse::Event& event);
  topics::Topic& journaled_topic(CommitGroup& group, const std::string& name);
  void settle(CommitGroup& group, const Status& written);
  static void answer(Submission& submission, const Status& written);
  void settle(Submission& submission, const Status& written);
  void undo(CommitGroup& group);
  Status plan_trims(CommitGroup& group);
  Status plan_trims_for_space(const topics::JournalUsage& usage, uint64_t lacking, size_t events,
                              uint64_t bytes);
  uint64_t lacking_room(const topics::JournalUsage& usage);
  void carry_out(CommitGroup& group, TrimPlan& plan);
  void end_trims(CommitGroup& group);
  bool is_held_elsewhere(const topics::Topic& topic, const topics::JournalHead& head) const;
  void restore_topic(const topics::StoredTopic& stored);
  Status restore_rings(const std::function<void(uint64_t)>& progress);
  Status restore_keys();

  void find_repeats(std::vector<Draft>& drafts, std::string_view who, int64_t now_ms);
  struct Need {
    size_t bytes = 0;
    std::unordered_set<std::string_view>
        fresh;  // Topics that hold no events so far, but for the broker's.
  };
  [[nodiscard]] static bool is_own(const std::vector<Draft>& drafts);
  [[nodiscard]] Need need_of(const std::vector<Draft>& drafts) const;
  Status make_room(const std::vector<Draft>& drafts, const Publisher& who,
                   std::vector<std::string>& claimed);
  Status claim(const std::unordered_set<std::string_view>& fresh, const Publisher& who,
               std::vector<std::string>& claimed);
  void give_back(std::vector<std::string>& claimed);
  std::vector<topics::Interest*> interests_in(const std::vector<std::string>& names,
                                              uint32_t worker) const;
  void store(Draft& draft, std::string_view who, Receipt& receipt);
  void announce(topics::Topic& topic);
  void announce(const Draft& comment);
  void mark(Inbox& inbox, uint32_t worker);
  void wake_marked(uint64_t marked, uint32_t except);
  void wake_all();
  [[nodiscard]] TopicView view_of(const topics::Topic& topic) const;

  const std::string epoch_;
  const Clock& clock_;
  topics::Budget budget_;
  std::vector<std::atomic<uint64_t>> pumped_;

  std::mutex mutex_;  // Guards all below.
  topics::Catalog catalog_;
  topics::Retention retention_;
  IdempotencyKeys keys_;
  TopicQuota quota_;
  std::vector<Inbox> inboxes_;
  uint64_t topics_limit_;
  uint64_t committed_ = 0;
  uint64_t published_ = 0;
  uint64_t published_bytes_ = 0;
  int64_t published_us_ = 0;  // When it took what it is publishing now; steady.
  uint64_t to_wake_ = 0;      // A bit for each worker that this publish has to wake.
  int64_t last_time_ms_ = 0;

  // With a journal.
  topics::Journal* const journal_;  // Null: memory only.
  topics::Holes holes_;
  CommitOptions commit_options_;
  std::condition_variable work_;
  std::deque<Submission> pending_;
  size_t pending_bytes_ = 0;
  size_t own_pending_bytes_ = 0;  // Of the broker's own events, which keep no publisher waiting.
  bool has_lost_own_ = false;     // Since the last group: they had no room to wait in.
  std::atomic<bool> is_unreleased_ = false;  // Something in `pending_` was not released yet.
  bool is_released_ = false;
  uint64_t assigned_ = 0;     // The highest seq that was given out.
  uint64_t next_number_ = 1;  // For a topic's row.
  std::optional<Error> storage_error_;
  size_t written_events_ = 0;  // By the last group. The journal's thread's own, like the next two.
  size_t written_bytes_ = 0;
  bool has_write_failed_ = false;
  int64_t keys_expired_ms_ = 0;
  DurationHistogram writes_;  // Counted by the journal's thread.
  bool is_stopping_ = false;
};

}  // namespace ringcast::server
