#include "server/hub.h"

#include <algorithm>
#include <utility>

#include "sse/position.h"

namespace ringcast::server {

namespace {

// Comments are best effort: what a sleeping worker has not taken beyond this is dropped.
constexpr size_t kInboxCommentBytes = 256 << 10;
constexpr size_t kInboxComments = 256;

}  // namespace

Result<Receipt> Hub::publish(std::vector<Draft>& drafts, Publisher who, uint32_t by_worker,
                             const std::string& request_key) {
  Receipt receipt;
  uint64_t to_wake = 0;
  {
    const std::lock_guard lock(mutex_);
    published_us_ = clock_.steady_us();
    const int64_t now_ms = published_us_ / 1000;
    if (!request_key.empty()) {
      if (const IdempotencyKeys::Answer* answer = keys_.find(request_key, now_ms)) {
        return Receipt{answer->accepted, answer->accepted, answer->first_id, answer->last_id};
      }
    }
    find_repeats(drafts, who.name, now_ms);
    last_time_ms_ = std::max(last_time_ms_, clock_.unix_ms());
    retention_.set_time(last_time_ms_);
    std::vector<std::string> claimed;  // For good: nothing fails from here on.
    if (Status room = make_room(drafts, who, claimed); !room) {
      return std::move(room).failure();
    }
    for (Draft& draft : drafts) {
      store(draft, who.name, receipt);
    }
    if (!request_key.empty()) {
      keys_.add(request_key, {receipt.accepted, receipt.first_id, receipt.last_id}, now_ms);
    }
    to_wake = std::exchange(to_wake_, 0);
  }
  wake_marked(to_wake, by_worker);
  return receipt;
}

void Hub::store(Draft& draft, std::string_view who, Receipt& receipt) {
  ++receipt.accepted;
  if (!draft.event) {
    announce(draft);
    return;
  }
  std::string scoped_key;
  if (!draft.key.empty()) {
    scoped_key = IdempotencyKeys::scoped(who, draft.event->topics(), draft.key);
    if (!draft.repeat_of) {  // Of an earlier one in this batch?
      const IdempotencyKeys::Answer* answer = keys_.find(scoped_key, clock_.steady_ms());
      draft.repeat_of = answer == nullptr ? std::nullopt : std::optional(*answer);
    }
  }
  if (draft.repeat_of) {
    ++receipt.duplicates;
    if (receipt.first_id.empty()) {
      receipt.first_id = draft.repeat_of->first_id;
    }
    receipt.last_id = draft.repeat_of->last_id;
    return;
  }
  draft.event->seal(epoch_, ++committed_, last_time_ms_, published_us_);
  const topics::EventRef event = budget_.hold(std::move(draft.event));
  for (const std::string& name : event->topics()) {
    announce(retention_.append(event, name));
  }
  ++published_;
  published_bytes_ += event->wire().size();
  if (!scoped_key.empty()) {
    const std::string id(event->id());
    keys_.add(std::move(scoped_key), {1, id, id}, clock_.steady_ms());
  }
  if (receipt.first_id.empty()) {
    receipt.first_id = event->id();
  }
  receipt.last_id = event->id();
}

void Hub::announce(topics::Topic& topic) {
  for (uint64_t unaware = topic.workers & ~topic.unread_by; unaware != 0; unaware &= unaware - 1) {
    const auto worker = static_cast<uint32_t>(__builtin_ctzll(unaware));
    inboxes_[worker].topics.push_back(&topic);
    mark(inboxes_[worker], worker);
  }
  topic.unread_by |= topic.workers;
}

void Hub::announce(const Draft& comment) {
  for (uint32_t worker = 0; worker < own_reader(); ++worker) {
    Inbox& inbox = inboxes_[worker];
    if (inbox.comments.size() < kInboxComments &&
        inbox.comment_bytes + comment.comment->size() <= kInboxCommentBytes) {
      inbox.comment_bytes += comment.comment->size();
      inbox.comments.emplace_back(comment.comment, comment.comment_topics);
      mark(inbox, worker);
    }
  }
}

void Hub::mark(Inbox& inbox, uint32_t worker) {
  inbox.has_news.store(true, std::memory_order_release);
  if (!std::exchange(inbox.is_woken, true)) {
    to_wake_ |= uint64_t{1} << worker;
  }
}

void Hub::wake_marked(uint64_t marked, uint32_t except) {
  for (; marked != 0; marked &= marked - 1) {
    const auto worker = static_cast<uint32_t>(__builtin_ctzll(marked));
    if (worker != except && inboxes_[worker].wake) {
      inboxes_[worker].wake();
    }
  }
}

void Hub::take_news(uint32_t worker, News& news) {
  news.interests.clear();
  news.comments.clear();
  const std::lock_guard lock(mutex_);
  Inbox& inbox = inboxes_[worker];
  ++inbox.round;
  news.visible = committed_;
  for (topics::Topic* topic : inbox.topics) {
    topic->unread_by &= ~(uint64_t{1} << worker);
    for (const topics::Topic::Link& link : topic->interests) {
      topics::Interest& interest = *link.interest;
      if (interest.worker != worker) {
        continue;
      }
      if (interest.news_round != inbox.round) {
        interest.news_round = inbox.round;
        interest.news.clear();
        news.interests.push_back(&interest);
      }
      interest.news.push_back(topic);
    }
  }
  for (const auto& [block, names] : inbox.comments) {
    news.comments.push_back({block, interests_in(names, worker)});
  }
  inbox.topics.clear();
  inbox.comments.clear();
  inbox.comment_bytes = 0;
  inbox.is_woken = false;
  inbox.has_news.store(false, std::memory_order_release);
}

topics::Slice Hub::read(const topics::Interest& interest, topics::Reader& reader, uint64_t visible,
                        bool only_news) {
  const std::lock_guard lock(mutex_);
  topics::Slice slice = topics::read_slice(interest, reader, visible, only_news, {});
  topics::mind_holes(holes_, reader, slice);
  if (slice.loss && !slice.is_on_disk) {
    reader.told = retention_.tell();
  }
  return slice;
}

}  // namespace ringcast::server
