#include "server/fanout.h"

#include <algorithm>
#include <utility>

#include "sse/blocks.h"

namespace ringcast::server {

namespace {

// The work of one turn, so that the loop comes back to its sockets soon: a slice and each page of
// it count one. Who catches up gets what is left over, and little of it.
constexpr size_t kLiveBudget = 4096;
constexpr size_t kCatchUpBudget = 1024;
constexpr size_t kPage = 4096;

}  // namespace

void Fanout::make_ready(Subscriber& subscriber) {
  if (subscriber.is_ready || subscriber.is_blocked() || subscriber.is_ended ||
      subscriber.is_waiting) {
    return;
  }
  Group& group = *subscriber.group;
  Group::Lane& lane = group.lane_of(subscriber);
  subscriber.is_ready = true;
  subscriber.ready_index = static_cast<uint32_t>(lane.ready.size());
  lane.ready.push_back(&subscriber);
  if (!lane.is_queued) {
    lane.is_queued = true;
    queues_[subscriber.is_live ? kLive : kCatchingUp].push_back(&group);
  }
}

void Fanout::take_news() {
  const uint64_t before = visible_;
  send_comments();  // Those of the last news, before they are overwritten.
  hub_.take_news(worker_, news_);
  visible_ = news_.visible;
  for (topics::Interest* interest : news_.interests) {
    auto& group = static_cast<Group&>(*interest);
    group.news_after = std::max(before, group.joined_at);
    for (Subscriber* member : group.members) {
      if (std::exchange(member->is_at_tail, false)) {
        member->reader.cursor = before;
        make_ready(*member);
      }
    }
  }
}

bool Fanout::turn() {
  now_ms_ = hub_.clock().steady_ms();
  if (hub_.has_news(worker_) || visible_ < needed_) {
    take_news();
  }
  serve(kLive, kLiveBudget);
  serve(kCatchingUp, kCatchUpBudget);
  send_comments();
  cache_ = {};
  drop_unused_pages();
  count_lag();
  report_pumped();
  return has_work();
}

// Groups that the budget did not reach come first in the next turn.
void Fanout::serve(size_t lane, size_t budget) {
  std::vector<Group*> queue;
  queue.swap(queues_[lane]);
  auto next = queue.begin();
  for (; next != queue.end() && budget > 0; ++next) {
    if (Group* group = *next) {
      budget -= serve(group->lanes[lane], budget);
      group->lanes[lane].is_queued = !group->lanes[lane].ready.empty();
      if (group->lanes[lane].is_queued) {
        queues_[lane].push_back(group);
      }
    }
  }
  queues_[lane].insert(queues_[lane].begin(), next, queue.end());
}

// One slice for each ready member, as far as the budget goes. The others keep their place before
// those that have got one: round robin.
size_t Fanout::serve(Group::Lane& lane, size_t budget) {
  std::vector<Subscriber*>& ready = serving_;
  ready.clear();
  ready.swap(lane.ready);
  lane.is_queued = true;  // Decided afterwards.
  size_t used = 0;
  size_t index = 0;
  for (; index < ready.size() && used < budget; ++index) {
    if (Subscriber* subscriber = ready[index]) {
      subscriber->is_ready = false;
      const bool was_live = subscriber->is_live;
      const size_t taken = pump(*subscriber);
      used += was_live ? 1 : 1 + taken / kPage;
    }
  }
  if (index < ready.size()) {
    ready.erase(ready.begin(), ready.begin() + static_cast<std::ptrdiff_t>(index));
    std::erase(ready, nullptr);
    ready.insert(ready.end(), lane.ready.begin(), lane.ready.end());
    lane.ready.swap(ready);
    for (size_t at = 0; at < lane.ready.size(); ++at) {
      lane.ready[at]->ready_index = static_cast<uint32_t>(at);
    }
  }
  return std::min(used, budget);
}

// Returns how many bytes went out.
size_t Fanout::pump(Subscriber& subscriber) {
  if (subscriber.is_blocked() || subscriber.is_ended) {
    return 0;  // Since it became ready.
  }
  const Prepared* next = prepare(subscriber);
  if (next == nullptr) {
    wait_for_page(subscriber);
    return 0;
  }
  const Prepared& prepared = *next;
  const std::optional<sse::Gap> gap = gap_before(subscriber, prepared);
  if (gap && gap->reason == sse::GapReason::kLagged && prepared.loss->disconnect) {
    end_lagged(subscriber);
    return 0;
  }
  const std::string gap_block = gap ? sse::gap_block(*gap) : std::string();
  const std::array<std::string_view, 3> pieces = {
      subscriber.words ? std::string_view(subscriber.words->block) : std::string_view(), gap_block,
      prepared.bytes};
  size_t taken = 0;
  if (!pieces[0].empty() || !gap_block.empty() || !prepared.bytes.empty()) {
    taken = write(subscriber, pieces);
  }
  if (gap) {
    counts_.gaps[static_cast<size_t>(gap->reason)].add();
    subscriber.sink->told_gap(*gap);
  }
  settle(subscriber, prepared, gap_block, taken);
  return taken;
}

// Valid until the next call. Null when it is on disk.
const Prepared* Fanout::prepare(const Subscriber& subscriber) {
  const Group& group = *subscriber.group;
  const topics::Reader reader = subscriber.reader;
  for (const Cached& cached : cache_) {
    // Who was told later has no more to be told than who was told earlier. A loss is told once.
    if (cached.group == &group && cached.cursor == reader.cursor && !cached.prepared->loss &&
        cached.prepared->told <= reader.told && cached.skips_holes == reader.skips_holes) {
      return cached.prepared.get();
    }
  }
  Cached& made = cache_[cache_next_];
  cache_next_ = (cache_next_ + 1) % cache_.size();
  made = {&group, reader.cursor, reader.skips_holes, build(group, reader)};
  if (made.prepared == nullptr) {
    made.group = nullptr;
  }
  return made.prepared.get();
}

std::unique_ptr<const Prepared> Fanout::build(const Group& group, topics::Reader reader) {
  const bool only_news = reader.cursor >= group.news_after;
  topics::Slice slice = hub_.read(group, reader, visible_, only_news);
  if (slice.is_on_disk) {
    const HeldPage* page = find_page({&group, reader.cursor});
    if (page == nullptr || (page->end <= reader.cursor && reader.cursor < visible_)) {
      return nullptr;  // Not read, or when there was nothing yet.
    }
    slice = hub_.read_page(group, reader, *page);
  }
  auto prepared = std::make_unique<Prepared>();
  prepared->loss = slice.loss;
  prepared->told = reader.told;
  prepared->resumed = slice.resumed;
  prepared->end = slice.end;
  prepared->frames.reserve(slice.events.size());
  size_t bytes = 0;
  prepared->published_us = slice.events.empty() ? 0 : slice.events.front()->published_us();
  for (const topics::EventRef& event : slice.events) {
    prepared->frames.push_back(render(group, event));
    bytes += prepared->frames.back().bytes.size();
  }
  if (prepared->frames.size() == 1) {
    prepared->bytes = prepared->frames.front().bytes;
  } else if (!prepared->frames.empty()) {
    std::string joined;
    joined.reserve(bytes);
    for (const Prepared::Frame& frame : prepared->frames) {
      joined += frame.bytes;
    }
    prepared->joined = hub_.budget().hold(std::move(joined));
    prepared->bytes = *prepared->joined;
  }
  return prepared;
}

// Moves the reader on by what the sink has taken of: its own words, the gap, the frames.
void Fanout::settle(Subscriber& subscriber, const Prepared& prepared, const std::string& gap,
                    size_t taken) {
  if (subscriber.words) {
    const std::string block = std::exchange(subscriber.words->block, {});
    if (taken < block.size()) {
      keep_copy(subscriber, std::string_view(block).substr(taken));
      return;  // The gap is not told yet.
    }
    taken -= block.size();
    subscriber.words.reset();
  }
  subscriber.reader.told = std::max(subscriber.reader.told, prepared.told);
  if (taken < gap.size()) {
    keep_copy(subscriber, std::string_view(gap).substr(taken));
    subscriber.reader.cursor = std::max(subscriber.reader.cursor, prepared.resumed);
    return;
  }
  settle_frames(subscriber, prepared, taken - gap.size());
}

void Fanout::settle_frames(Subscriber& subscriber, const Prepared& prepared, size_t taken) {
  if (prepared.published_us != 0 && subscriber.is_live && taken > 0 &&
      counts_.lag.note(prepared.published_us)) {
    count_lag();
  }
  if (taken < prepared.bytes.size()) {
    const auto [frame, begin] = prepared.frame_at(taken);
    // The cut event is kept by reference; what follows it is read again later.
    keep_rest(subscriber, {frame->owner, frame->bytes.substr(taken - begin)});
    subscriber.reader.cursor = frame->seq;
    counts_.deliveries.add(static_cast<uint64_t>(frame - prepared.frames.data()) + 1);
    return;
  }
  counts_.deliveries.add(prepared.frames.size());
  subscriber.reader.cursor = prepared.end;
  subscriber.is_at_tail = prepared.end >= visible_;
  if (subscriber.is_at_tail) {
    subscriber.is_live = true;
  } else {
    make_ready(subscriber);
  }
}

void Fanout::on_writable(Subscriber& subscriber) {
  if (!subscriber.is_blocked()) {
    return;
  }
  now_ms_ = hub_.clock().steady_ms();
  const size_t taken = write(subscriber, std::array{subscriber.rest.bytes});
  subscriber.rest.bytes.remove_prefix(taken);
  if (subscriber.is_blocked()) {
    return;
  }
  subscriber.rest = {};
  counts_.unblocked.add();
  if (subscriber.is_ended) {
    finish(subscriber);
  } else {
    make_ready(subscriber);
  }
}

size_t Fanout::write(Subscriber& subscriber, std::span<const std::string_view> pieces) {
  const size_t taken = subscriber.sink->write(pieces);
  if (taken > 0) {
    subscriber.wrote_ms = now_ms_;
    counts_.bytes.add(taken);
  }
  return taken;
}

// Eviction waits until live subscribers that can take more have been served; never for blocked
// ones, nor for those that are still replaying what was before them.
void Fanout::report_pumped() {
  uint64_t lowest = visible_;
  for (const Group* group : queues_[kLive]) {
    for (const Subscriber* subscriber : group->lanes[kLive].ready) {
      if (subscriber != nullptr) {
        lowest = std::min(lowest, subscriber->reader.cursor);
      }
    }
  }
  pumped_ = std::max(pumped_, lowest);
  hub_.set_pumped(worker_, pumped_);
}

}  // namespace ringcast::server
