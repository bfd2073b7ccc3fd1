#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/counter.h"
#include "server/delivery_lag.h"
#include "server/hub.h"
#include "server/mercure_topic.h"
#include "server/subscriber.h"

namespace ringcast::server {

// What a subscription asks for, checked.
struct SubscriptionSpec {
  std::vector<std::string> patterns;
  std::vector<topics::MatcherRef> matchers;
  std::vector<std::string> types;
  Rendering rendering;
  bool sees_private = false;
  topics::SelectorsRef private_topics;  // Without `sees_private`: see topics::Interest.
  topics::StartRequest start;
  bool padding = false;
  std::vector<MercureTopic> mercure_topics;  // As a Mercure subscriber wrote them.
  // The response's header that tells after which id the history starts; empty: none. With it, the
  // head that open() gets ends before this header.
  std::string id_header;
};

// The subscribers of one worker that want the same: they share what is read and built for them.
struct Group final : topics::Interest {
  // Those with something left to send, the live and those that are still catching up: a crowd that
  // comes back and replays must not hold up who is there.
  struct Lane {
    std::vector<Subscriber*> ready;  // Null: gone meanwhile.
    bool is_queued = false;          // In Fanout::queues_.
  };

  std::string key;  // In Fanout::groups_.
  Rendering rendering;
  std::vector<Subscriber*> members;
  std::array<Lane, 2> lanes;
  uint64_t joined_at = 0;   // What was committed then.
  uint64_t news_after = 0;  // `news` names every topic with events after this seq.

  Lane& lane_of(const Subscriber& subscriber) { return lanes[subscriber.is_live ? 0 : 1]; }
};

// A slice as bytes, built once for all subscribers of a group at the same cursor.
struct Prepared {
  struct Frame {
    std::shared_ptr<const void> owner;
    std::string_view bytes;
    uint64_t seq;
  };
  std::vector<Frame> frames;
  topics::BytesRef joined;  // Of several frames.
  std::string_view bytes;   // All frames in one piece.
  std::optional<topics::Loss> loss;
  topics::TellTime told = 0;  // The reader's afterwards.
  uint64_t resumed = 0;
  uint64_t end = 0;
  int64_t published_us = 0;  // The first event's; 0: there is none, or it is from a journal.

  // The frame that the byte at `offset` belongs to, and where it begins.
  [[nodiscard]] std::pair<const Frame*, size_t> frame_at(size_t offset) const {
    const Frame* frame = frames.data();
    size_t begin = 0;
    for (; offset >= begin + frame->bytes.size(); ++frame) {
      begin += frame->bytes.size();
    }
    return {frame, begin};
  }
};

// The way to the journal's readers: the answers come to take_page() and take_place(), on the
// worker's thread.
struct ReplayPort {
  std::function<void(uint64_t ticket, topics::PageQuery)> read;
  std::function<void(uint64_t ticket, topics::PlaceQuery)> find;
};

// Moves the cursors of one worker's subscribers: takes the news from the hub, reads slices, and
// writes each once to everybody at the same place. Pure but for the sinks: no loop, no socket.
// Used by its worker's thread only.
class Fanout {
 public:
  struct Counts {
    Counter deliveries;  // Events written to subscribers.
    Counter bytes;
    std::array<Counter, sse::kGapReasons> gaps;  // By GapReason.
    Counter lagged_out;                          // Disconnected by their topic's policy.
    Counter blocked;                             // Sockets that took no more,
    Counter unblocked;                           // and those that did again, or closed.
    DeliveryLag lag;                             // Of live subscribers.
  };

  Fanout(Hub& hub, uint32_t worker, StreamOptions options);
  Fanout(const Fanout&) = delete;
  Fanout& operator=(const Fanout&) = delete;
  ~Fanout();

  // A new stream: `head` (the response's) goes out with the first block at the next turn().
  // kOverloaded when memory is out; then `subscriber` is untouched.
  Status open(Subscriber& subscriber, FrameSink& sink, const SubscriptionSpec& spec,
              std::string head);
  // The connection goes away.
  void close(Subscriber& subscriber);
  // The sink can take bytes again.
  void on_writable(Subscriber& subscriber);
  // Takes the news and serves one slice to everybody who is ready, a bounded number of them. True
  // while there is more to do.
  bool turn();
  // Takes the news now, so that heartbeat() says what is visible.
  void refresh() { take_news(); }
  // An id-only block for a subscriber who has everything; false when it is not at the tail.
  bool heartbeat(Subscriber& subscriber);
  // The last block of a stream: `retry` and why. Goes out at the next border of an event.
  void end(Subscriber& subscriber, int64_t retry_ms, std::string_view why);

  // With a journal, before anything is opened.
  void set_replay(ReplayPort port) { replay_ = std::move(port); }
  void take_page(uint64_t ticket, Result<topics::Page> page);
  void take_place(uint64_t ticket, const Result<uint64_t>& found);

  void set_options(StreamOptions options) { options_ = options; }
  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }
  // Who is at the tail has everything up to here.
  [[nodiscard]] uint64_t visible() const noexcept { return visible_; }
  [[nodiscard]] bool has_work() const noexcept {
    return !queues_[kLive].empty() || !queues_[kCatchingUp].empty();
  }

 private:
  static constexpr size_t kLive = 0;
  static constexpr size_t kCatchingUp = 1;
  struct Cached {
    const Group* group = nullptr;
    uint64_t cursor = 0;
    bool skips_holes = false;
    std::unique_ptr<const Prepared> prepared;
  };

  // Readers of the same group at the same cursor wait for the same page.
  using PageKey = std::pair<const Group*, uint64_t>;
  struct PageWait {
    uint64_t ticket = 0;  // 0: not asked yet.
    std::unordered_set<Subscriber*> waiters;
  };
  struct KeptPage {
    PageKey key;
    HeldPage page;
  };
  struct PlaceWait {
    Subscriber* subscriber = nullptr;
    topics::StartRequest start;
    topics::PlaceQuery asked;
    bool padding = false;
  };

  Group& group_of(const SubscriptionSpec& spec);
  void begin(Subscriber& subscriber, const Opening& opening, bool padding);
  void end_head(Subscriber& subscriber, const Opening* opening);
  void wait_for_page(Subscriber& subscriber);
  void start_reads();
  [[nodiscard]] const HeldPage* find_page(const PageKey& key) const;
  void drop_unused_pages();
  void forget_pages(const Group& group);
  void stop_waiting(Subscriber& subscriber);
  void end_unreadable(Subscriber& subscriber);
  void drop_if_empty(Group& group);
  void make_ready(Subscriber& subscriber);
  void take_news();
  void send_comments();
  void serve(size_t lane, size_t budget);
  size_t serve(Group::Lane& lane, size_t budget);
  size_t pump(Subscriber& subscriber);
  const Prepared* prepare(const Subscriber& subscriber);
  std::unique_ptr<const Prepared> build(const Group& group, topics::Reader reader);
  Prepared::Frame render(const Group& group, const topics::EventRef& event);
  std::optional<sse::Gap> gap_before(const Subscriber& subscriber, const Prepared& prepared);
  void settle(Subscriber& subscriber, const Prepared& prepared, const std::string& gap,
              size_t taken);
  void settle_frames(Subscriber& subscriber, const Prepared& prepared, size_t taken);
  size_t write(Subscriber& subscriber, std::span<const std::string_view> pieces);
  void write_block(Subscriber& subscriber, std::string_view block);
  void keep_copy(Subscriber& subscriber, std::string_view rest);
  void keep_rest(Subscriber& subscriber, Rest rest);
  void end_lagged(Subscriber& subscriber);
  void finish(Subscriber& subscriber);
  void count_lag();
  void report_pumped();

  Hub& hub_;
  const uint32_t worker_;
  StreamOptions options_;
  std::map<std::string, std::unique_ptr<Group>, std::less<>> groups_;
  // Groups with ready members in a lane; null: gone meanwhile.
  std::array<std::vector<Group*>, 2> queues_;
  News news_;
  uint64_t visible_ = 0;  // Subscribers at the tail have everything up to here.
  uint64_t needed_ = 0;   // A new subscriber starts here: visible_ must get there.
  uint64_t pumped_ = 0;
  int64_t now_ms_ = 0;           // Steady, of this turn.
  std::array<Cached, 8> cache_;  // Of this turn.
  size_t cache_next_ = 0;
  std::vector<Subscriber*> serving_;  // Of the group that is being served.
  ReplayPort replay_;
  std::map<PageKey, PageWait> page_waits_;
  std::deque<PageKey> to_read_;  // Those without a ticket, and some that are gone.
  std::unordered_map<uint64_t, PageKey> reads_;
  std::deque<KeptPage> pages_;  // That were read last: several may want them.
  std::unordered_map<uint64_t, PlaceWait> place_waits_;
  uint64_t last_ticket_ = 0;
  Counts counts_;
};

}  // namespace ringcast::server
