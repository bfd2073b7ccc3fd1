#include "server/fanout.h"

#include <algorithm>
#include <utility>

#include "sse/blocks.h"

namespace ringcast::server {

namespace {

// So many slices in one turn, so that the loop comes back to its sockets soon.
constexpr size_t kSlicesPerTurn = 4096;

std::string key_of(const SubscriptionSpec& spec) {
  std::string key;
  for (const std::string& pattern : spec.patterns) {
    key.append(pattern).append(1, '\n');
  }
  key.append(1, '\n');
  for (const std::string& type : spec.types) {
    key.append(type).append(1, '\n');
  }
  key.append(spec.rendering.envelope ? "e" : "-");
  if (spec.rendering.max_data) {
    key.append(std::to_string(*spec.rendering.max_data));
  }
  return key;
}

}  // namespace

Fanout::Fanout(Hub& hub, uint32_t worker, StreamOptions options)
    : hub_(hub), worker_(worker), options_(options), now_ms_(hub.clock().steady_ms()) {}

Fanout::~Fanout() {
  for (const auto& [key, group] : groups_) {
    hub_.leave(*group);
  }
}

Group& Fanout::group_of(const SubscriptionSpec& spec) {
  std::string key = key_of(spec);
  std::unique_ptr<Group>& group = groups_[key];
  if (!group) {
    group = std::make_unique<Group>();
    group->patterns = spec.patterns;
    group->types = spec.types;
    group->worker = worker_;
    group->key = std::move(key);
    group->rendering = spec.rendering;
  }
  return *group;
}

void Fanout::drop_if_empty(Group& group) {
  if (!group.members.empty()) {
    return;
  }
  std::replace(queue_.begin(), queue_.end(), &group, static_cast<Group*>(nullptr));
  for (Comment& comment : news_.comments) {  // Taken by refresh(), sent at the next turn.
    std::erase(comment.interests, &group);
  }
  hub_.leave(group);
  groups_.erase(groups_.find(group.key));
}

Status Fanout::open(Subscriber& subscriber, FrameSink& sink, const SubscriptionSpec& spec,
                    std::string head) {
  Group& group = group_of(spec);
  Result<Opening> opening = hub_.open(group, spec.start);
  if (!opening) {
    drop_if_empty(group);
    return std::move(opening).failure();
  }
  if (group.members.empty()) {
    group.joined_at = opening->committed;
    group.news_after = opening->committed;
  }
  // Without a place to resume from, the client keeps its own id until the gap event is through: a
  // line that breaks before it must not make the gap silent.
  const std::string id = opening->gap ? "" : hub_.position(opening->reader.cursor);
  head += sse::first_block(static_cast<uint64_t>(options_.retry_ms), id, spec.padding);
  subscriber.sink = &sink;
  subscriber.group = &group;
  subscriber.reader = opening->reader;
  subscriber.is_live = opening->reader.cursor >= opening->committed;
  subscriber.words =
      std::make_unique<OwnWords>(OwnWords{std::move(head), spec.start.last_event_id, opening->gap});
  subscriber.wrote_ms = hub_.clock().steady_ms();
  subscriber.index = static_cast<uint32_t>(group.members.size());
  group.members.push_back(&subscriber);
  group.readers.fetch_add(1, std::memory_order_relaxed);
  needed_ = std::max(needed_, opening->committed);
  make_ready(subscriber);
  return Ok{};
}

void Fanout::close(Subscriber& subscriber) {
  Group& group = *subscriber.group;
  if (subscriber.is_ready) {
    group.ready[subscriber.ready_index] = nullptr;
  }
  group.members[subscriber.index] = group.members.back();
  group.members[subscriber.index]->index = subscriber.index;
  group.members.pop_back();
  group.readers.fetch_sub(1, std::memory_order_relaxed);
  subscriber.group = nullptr;
  subscriber.rest = {};
  drop_if_empty(group);
}

void Fanout::make_ready(Subscriber& subscriber) {
  if (subscriber.is_ready || subscriber.is_blocked() || subscriber.is_ended) {
    return;
  }
  Group& group = *subscriber.group;
  subscriber.is_ready = true;
  subscriber.ready_index = static_cast<uint32_t>(group.ready.size());
  group.ready.push_back(&subscriber);
  if (!group.is_queued) {
    group.is_queued = true;
    queue_.push_back(&group);
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
  std::vector<Group*> queue;
  queue.swap(queue_);
  size_t left = kSlicesPerTurn;
  for (Group* group : queue) {
    if (group != nullptr) {
      left -= serve(*group, left);
      group->is_queued = !group->ready.empty();
      if (group->is_queued) {
        queue_.push_back(group);
      }
    }
  }
  send_comments();
  cache_ = {};
  report_pumped();
  return !queue_.empty();
}

// One slice for each ready member, at most `most`. The others keep their place before those that
// have got one: round robin.
size_t Fanout::serve(Group& group, size_t most) {
  std::vector<Subscriber*> ready;
  ready.swap(group.ready);
  group.is_queued = true;  // turn() decides afterwards.
  size_t served = 0;
  size_t index = 0;
  for (; index < ready.size() && served < most; ++index) {
    if (ready[index] != nullptr) {
      ready[index]->is_ready = false;
      ++served;
      pump(*ready[index]);
    }
  }
  if (index < ready.size()) {
    ready.erase(ready.begin(), ready.begin() + static_cast<std::ptrdiff_t>(index));
    std::erase(ready, nullptr);
    ready.insert(ready.end(), group.ready.begin(), group.ready.end());
    group.ready = std::move(ready);
    for (size_t at = 0; at < group.ready.size(); ++at) {
      group.ready[at]->ready_index = static_cast<uint32_t>(at);
    }
  }
  return served;
}

void Fanout::pump(Subscriber& subscriber) {
  if (subscriber.is_blocked() || subscriber.is_ended) {
    return;  // Since it became ready.
  }
  const std::shared_ptr<const Prepared> prepared = prepare(subscriber);
  const std::optional<sse::Gap> gap = gap_before(subscriber, *prepared);
  if (gap && gap->reason == sse::GapReason::kLagged && prepared->loss->disconnect) {
    counts_.lagged_out.add();
    end(subscriber, options_.retry_ms, "lagged: this reader was too slow");
    return;
  }
  const std::string gap_block = gap ? sse::gap_block(*gap) : std::string();
  const std::string_view slice = prepared->joined           ? std::string_view(*prepared->joined)
                                 : prepared->frames.empty() ? std::string_view()
                                                            : prepared->frames.front().bytes;
  const std::array<std::string_view, 3> pieces = {
      subscriber.words ? std::string_view(subscriber.words->block) : std::string_view(), gap_block,
      slice};
  size_t taken = 0;
  if (!pieces[0].empty() || !gap_block.empty() || !slice.empty()) {
    taken = write(subscriber, pieces);
  }
  if (gap) {
    counts_.gaps[static_cast<size_t>(gap->reason)].add();
  }
  settle(subscriber, *prepared, gap_block, taken);
}

std::shared_ptr<const Prepared> Fanout::prepare(const Subscriber& subscriber) {
  const Group& group = *subscriber.group;
  const topics::Reader reader = subscriber.reader;
  for (const Cached& cached : cache_) {
    // Who was told later has no more to be told than who was told earlier.
    if (cached.group == &group && cached.cursor == reader.cursor &&
        cached.prepared->told <= reader.told) {
      return cached.prepared;
    }
  }
  std::shared_ptr<const Prepared> prepared = build(group, reader);
  if (!prepared->loss) {
    cache_[cache_next_] = {&group, reader.cursor, prepared};
    cache_next_ = (cache_next_ + 1) % cache_.size();
  }
  return prepared;
}

std::shared_ptr<const Prepared> Fanout::build(const Group& group, topics::Reader reader) {
  const bool only_news = reader.cursor >= group.news_after;
  topics::Slice slice = hub_.read(group, reader, visible_, only_news);
  auto prepared = std::make_shared<Prepared>();
  prepared->loss = slice.loss;
  prepared->told = reader.told;
  prepared->resumed = slice.resumed;
  prepared->end = slice.end;
  prepared->frames.reserve(slice.events.size());
  size_t bytes = 0;
  for (const topics::EventRef& event : slice.events) {
    prepared->frames.push_back(render(group, event));
    bytes += prepared->frames.back().bytes.size();
  }
  if (prepared->frames.size() > 1) {
    std::string joined;
    joined.reserve(bytes);
    for (const Prepared::Frame& frame : prepared->frames) {
      joined += frame.bytes;
    }
    prepared->joined = hub_.budget().hold(std::move(joined));
  }
  return prepared;
}

Prepared::Frame Fanout::render(const Group& group, const topics::EventRef& event) {
  const Rendering& rendering = group.rendering;
  const uint64_t seq = event->seq();
  std::string block;
  size_t data_bytes = event->data_bytes();
  if (rendering.envelope) {
    const auto topic = std::find_if(event->topics().begin(), event->topics().end(),
                                    [&](const std::string& name) { return group.matches(name); });
    block = sse::envelope_block(*event, topic == event->topics().end() ? "" : *topic);
    const std::string_view data_field = "\ndata: ";
    data_bytes = block.size() - 2 - (block.find(data_field) + data_field.size());
  }
  if (rendering.max_data && data_bytes > *rendering.max_data) {
    block = sse::oversize_block(*event, data_bytes);
  }
  if (block.empty()) {
    return {event, event->wire(), seq};
  }
  topics::BytesRef bytes = hub_.budget().hold(std::move(block));
  const std::string_view view = *bytes;
  return {std::move(bytes), view, seq};
}

std::optional<sse::Gap> Fanout::gap_before(const Subscriber& subscriber, const Prepared& prepared) {
  const OwnWords* words = subscriber.words.get();
  if (!prepared.loss && (words == nullptr || !words->gap)) {
    return std::nullopt;
  }
  sse::Gap gap;
  gap.requested = words != nullptr && !words->requested.empty()
                      ? words->requested
                      : hub_.position(subscriber.reader.cursor);
  gap.resumed = hub_.position(prepared.resumed);
  if (words != nullptr && words->gap) {
    gap.reason = *words->gap;
    return gap;
  }
  gap.missed = prepared.loss->missed;
  gap.reason = prepared.loss->all_deleted ? sse::GapReason::kDeleted
               : words != nullptr         ? sse::GapReason::kExpired
                                          : sse::GapReason::kLagged;
  return gap;
}

// Moves the reader on by what the sink has taken of: its own words, the gap, the frames.
void Fanout::settle(Subscriber& subscriber, const Prepared& prepared, const std::string& gap,
                    size_t taken) {
  if (subscriber.words) {
    const std::string block = std::exchange(subscriber.words->block, {});
    if (taken < block.size()) {
      keep_rest(subscriber, std::string_view(block).substr(taken));
      return;  // The gap is not told yet.
    }
    taken -= block.size();
    subscriber.words.reset();
  }
  subscriber.reader.told = std::max(subscriber.reader.told, prepared.told);
  if (taken < gap.size()) {
    keep_rest(subscriber, std::string_view(gap).substr(taken));
    subscriber.reader.cursor = std::max(subscriber.reader.cursor, prepared.resumed);
    return;
  }
  settle_frames(subscriber, prepared, taken - gap.size());
}

void Fanout::settle_frames(Subscriber& subscriber, const Prepared& prepared, size_t taken) {
  for (const Prepared::Frame& frame : prepared.frames) {
    if (taken < frame.bytes.size()) {
      // The cut event is kept by reference; what follows it is read again later.
      subscriber.rest = {frame.owner, frame.bytes.substr(taken)};
      subscriber.reader.cursor = frame.seq;
      counts_.deliveries.add();
      return;
    }
    taken -= frame.bytes.size();
    counts_.deliveries.add();
  }
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
  if (subscriber.is_ended) {
    finish(subscriber);
  } else {
    make_ready(subscriber);
  }
}

bool Fanout::heartbeat(Subscriber& subscriber) {
  if (!subscriber.is_at_tail || subscriber.is_ended) {
    return false;
  }
  now_ms_ = hub_.clock().steady_ms();
  write_block(subscriber, sse::id_block(hub_.position(visible_)));
  return true;
}

void Fanout::end(Subscriber& subscriber, int64_t retry_ms, std::string_view why) {
  if (subscriber.is_ended) {
    return;
  }
  subscriber.is_ended = true;
  std::string block = subscriber.words ? std::move(subscriber.words->block) : std::string();
  block += sse::end_block(static_cast<uint64_t>(retry_ms), why);
  subscriber.words = std::make_unique<OwnWords>(OwnWords{.block = std::move(block)});
  if (!subscriber.is_blocked()) {
    finish(subscriber);
  }
}

void Fanout::finish(Subscriber& subscriber) {
  if (subscriber.words) {
    const std::unique_ptr<OwnWords> words = std::move(subscriber.words);
    write_block(subscriber, words->block);
  }
  if (!subscriber.is_blocked()) {
    subscriber.sink->end();
  }
}

void Fanout::send_comments() {
  for (const Comment& comment : news_.comments) {
    std::vector<topics::Interest*> interests = comment.interests;
    std::sort(interests.begin(), interests.end());
    interests.erase(std::unique(interests.begin(), interests.end()), interests.end());
    for (topics::Interest* interest : interests) {
      for (Subscriber* member : static_cast<Group*>(interest)->members) {
        if (member->is_at_tail && !member->is_ended) {
          write_block(*member, *comment.block);
        }
      }
    }
  }
  news_.comments.clear();
}

size_t Fanout::write(Subscriber& subscriber, std::span<const std::string_view> pieces) {
  const size_t taken = subscriber.sink->write(pieces);
  if (taken > 0) {
    subscriber.wrote_ms = now_ms_;
    counts_.bytes.add(taken);
  }
  return taken;
}

void Fanout::write_block(Subscriber& subscriber, std::string_view block) {
  const size_t taken = write(subscriber, std::array{block});
  if (taken < block.size()) {
    keep_rest(subscriber, block.substr(taken));
  }
}

void Fanout::keep_rest(Subscriber& subscriber, std::string_view rest) {
  topics::BytesRef owner = hub_.budget().hold(std::string(rest));
  const std::string_view bytes = *owner;
  subscriber.rest = {std::move(owner), bytes};
  if (std::exchange(subscriber.is_at_tail, false)) {
    subscriber.reader.cursor = visible_;
  }
}

// Eviction waits until live subscribers that can take more have been served; never for blocked
// ones, nor for those that are still replaying what was before them.
void Fanout::report_pumped() {
  uint64_t lowest = visible_;
  for (const Group* group : queue_) {
    for (const Subscriber* subscriber : group->ready) {
      if (subscriber != nullptr && subscriber->is_live) {
        lowest = std::min(lowest, subscriber->reader.cursor);
      }
    }
  }
  pumped_ = std::max(pumped_, lowest);
  hub_.set_pumped(worker_, pumped_);
}

}  // namespace ringcast::server
