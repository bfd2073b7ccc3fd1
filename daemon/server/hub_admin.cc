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

void Hub::sweep(size_t count) {
  const std::lock_guard lock(mutex_);
  last_time_ms_ = std::max(last_time_ms_, clock_.unix_ms());
  retention_.sweep(last_time_ms_, count);
}

TopicView Hub::view_of(const topics::Topic& topic) const {
  TopicView view{.name = topic.name,
                 .subscribers = topic.subscribers(),
                 .events = topic.ring.size(),
                 .bytes = topic.ring.bytes()};
  if (!topic.ring.empty()) {
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
                               size_t limit) {
  const std::lock_guard lock(mutex_);
  catalog_.join(interest);
  const topics::Start start =
      topics::find_start(request, interest, retention_.ids(), epoch_, committed_);
  Page page{.slice = read_slice(interest, {.cursor = start.cursor}, committed_, false,
                                {.bytes = 1 << 20, .events = limit, .looked_at = 100'000}),
            .gap = start.gap};
  if (start.forget_losses) {
    page.slice.loss.reset();
  } else if (page.slice.loss && !page.gap) {
    page.gap = page.slice.loss->all_deleted ? sse::GapReason::kDeleted : sse::GapReason::kExpired;
  }
  page.more = page.slice.end < committed_;
  catalog_.leave(interest);
  return page;
}

void Hub::set_options(const Options& options) {
  const std::lock_guard lock(mutex_);
  catalog_.set_policies(options.policies);
  catalog_.set_max_tombstones(options.limits.topics);
  keys_.set_options(options.idempotency);
  topics_limit_ = options.limits.topics;
}

HubCounts Hub::counts() {
  const std::lock_guard lock(mutex_);
  return {.published = published_,
          .evicted = retention_.evictions(),
          .topics = catalog_.by_name().size(),
          .topics_with_events = catalog_.topics_with_events,
          .tombstones = catalog_.tombstones(),
          .idempotency_keys = keys_.size(),
          .memory_used = budget_.used(),
          .memory_limit = budget_.limit()};
}

}  // namespace ringcast::server
