// What operators and housekeeping ask of the hub; publishing and serving are in hub.cc.
#include <algorithm>
#include <utility>

#include "server/hub.h"
#include "sse/position.h"

namespace ringcast::server {

bool Hub::clear(std::string_view name) {
  const std::lock_guard lock(mutex_);
  topics::Topic* topic = catalog_.find(name);
  if (topic == nullptr) {
    return false;
  }
  retention_.clear(*topic);
  catalog_.forget_if_unused(*topic);
  return true;
}

void Hub::submit_clear(std::string_view name, Published done) {
  {
    const std::lock_guard lock(mutex_);
    if (topics::Topic* topic = catalog_.find(name)) {
      retention_.clear(*topic);
      topic->disk.is_recorded = false;  // What it has lost is to be written.
    }
    Submission& submission = pending_.emplace_back();
    is_unreleased_.store(true, std::memory_order_relaxed);
    submission.cleared = name;
    submission.done = std::move(done);
  }
}

void Hub::sweep(size_t count) {
  const std::lock_guard lock(mutex_);
  last_time_ms_ = std::max(last_time_ms_, clock_.unix_ms());
  retention_.sweep(last_time_ms_, count);
}

TopicView Hub::view_of(const topics::Topic& topic) const {
  TopicView view{.name = topic.name,
                 .subscribers = topic.subscribers(own_reader()),
                 .events = topic.ring.size(),
                 .bytes = topic.ring.bytes()};
  if (topic.is_journaled()) {
    view.events = topic.disk.events;
    view.bytes = topic.disk.bytes;
    view.oldest = view.events > 0 ? position(topic.disk.oldest_seq) : "";
    view.newest = view.events > 0 ? position(topic.disk.newest_seq) : "";
  } else if (!topic.ring.empty()) {
    view.oldest = position(topic.ring.oldest().seq);
    view.newest = position(topic.ring.newest().seq);
  }
  return view;
}

std::vector<TopicView> Hub::list(std::string_view prefix, std::string_view after, size_t limit,
                                 const std::function<bool(std::string_view)>& may_see, bool& more) {
  std::vector<TopicView> found;
  more = false;
  const std::lock_guard lock(mutex_);
  const auto& by_name = catalog_.by_name();
  auto entry = after < prefix ? by_name.lower_bound(prefix) : by_name.upper_bound(after);
  for (; entry != by_name.end() && entry->first.starts_with(prefix); ++entry) {
    if (!may_see(entry->first)) {
      continue;
    }
    if (found.size() == limit) {
      more = true;
      break;
    }
    found.push_back(view_of(*entry->second));
  }
  return found;
}

std::optional<TopicView> Hub::view(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const topics::Topic* topic = catalog_.find(name);
  return topic == nullptr ? std::nullopt : std::optional(view_of(*topic));
}

Result<Hub::Page> Hub::history(topics::Interest& interest, const topics::StartRequest& request,
                               size_t limit, topics::JournalReader* reader) {
  std::unique_lock lock(mutex_);
  catalog_.join(interest);
  Result<Page> page = read_history(interest, request, limit, reader, lock);
  catalog_.leave(interest);
  return page;
}

// Gives the lock up while the disk works.
Result<Hub::Page> Hub::read_history(const topics::Interest& interest,
                                    const topics::StartRequest& request, size_t limit,
                                    topics::JournalReader* reader,
                                    std::unique_lock<std::mutex>& lock) {
  const topics::SliceLimits limits{.bytes = 1 << 20, .events = limit, .looked_at = 100'000};
  topics::Start start = find_start(interest, request);
  if (start.ask) {
    const topics::PlaceQuery ask = *start.ask;
    lock.unlock();
    const Result<uint64_t> found = reader->find(ask);
    lock.lock();
    if (!found) {
      return Failure{found.error()};
    }
    start = topics::found_start(request, ask, *found);
  }
  Page page{.gap = start.gap};
  const topics::Reader at{.cursor = start.cursor, .skips_holes = start.forget_losses};
  page.slice = read_slice(interest, at, committed_, false, limits);
  topics::mind_holes(holes_, at, page.slice);
  if (page.slice.is_on_disk) {
    topics::PageQuery query = query_of(interest, at, committed_);
    query.bytes = limits.bytes;
    query.events = limits.events;
    query.looked_at = limits.looked_at;
    lock.unlock();
    Result<topics::Page> read = reader->read(query);
    lock.lock();
    if (!read) {
      return std::move(read).failure();
    }
    page.slice = slice_of(interest, at, hold(std::move(*read)));
  }
  if (start.forget_losses) {
    page.slice.loss.reset();
  } else if (page.slice.loss && !page.gap) {
    page.gap = page.slice.loss->by_crash      ? sse::GapReason::kLost
               : page.slice.loss->all_deleted ? sse::GapReason::kDeleted
                                              : sse::GapReason::kExpired;
  }
  page.more = page.slice.end < committed_;
  return page;
}

void Hub::set_options(const Options& options) {
  const std::lock_guard lock(mutex_);
  catalog_.set_policies(options.policies);
  catalog_.set_max_tombstones(options.limits.topics);
  keys_.set_options(options.idempotency);
  commit_options_ = options.commit;
  topics_limit_ = options.limits.topics;
  retention_.set_most_own_topics(topics_limit_);
  quota_.set_topics(options.limits.topics_per_token);
}

HubCounts Hub::counts() {
  const std::lock_guard lock(mutex_);
  return {.published = published_,
          .published_bytes = published_bytes_,
          .evicted = retention_.evictions(),
          .topics = catalog_.by_name().size(),
          .topics_with_events = catalog_.topics_with_events,
          .tombstones = catalog_.tombstones(),
          .idempotency_keys = keys_.size(),
          .memory_used = budget_.used(),
          .memory_limit = budget_.limit(),
          .left_journal = retention_.left_journal(),
          .pending_bytes = pending_bytes_,
          .pending_limit = commit_options_.pending_bytes,
          .is_settled = pending_.empty() && assigned_ <= committed_};
}

std::vector<topics::Tally> Hub::tallies() {
  const std::lock_guard lock(mutex_);
  return catalog_.tallies();
}

}  // namespace ringcast::server
