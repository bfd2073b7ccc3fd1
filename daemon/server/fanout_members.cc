// Who is in the fan-out, and what its streams carry beside plain events; the way of an event is in
// fanout.cc.
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "auth/source.h"
#include "server/fanout.h"
#include "sse/blocks.h"

namespace ringcast::server {

namespace {

// Other subscriptions never have the same: names may hold any byte.
std::string group_key(const SubscriptionSpec& spec) {
  std::vector<std::string> matchers;
  for (const topics::MatcherRef& matcher : spec.matchers) {
    matchers.push_back(matcher->key());
  }
  std::string key =
      auth::joined({auth::joined(spec.patterns), auth::joined(matchers), auth::joined(spec.types)});
  key.append(spec.sees_private ? "p" : "-").append(spec.rendering.envelope ? "e" : "-");
  if (spec.rendering.max_data) {
    key.append(std::to_string(*spec.rendering.max_data));
  }
  key.append(spec.rendering.mercure ? "m" : "-");
  if (spec.private_topics) {
    key.append(1, '\n').append(spec.private_topics->key());
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
  std::string key = group_key(spec);
  std::unique_ptr<Group>& group = groups_[key];
  if (!group) {
    group = std::make_unique<Group>();
    group->patterns = spec.patterns;
    group->matchers = spec.matchers;
    group->types = spec.types;
    group->sees_private = spec.sees_private;
    if (spec.private_topics) {
      group->private_topics =
          hub_.budget().hold(spec.private_topics, spec.private_topics->memory());
    }
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
  forget_pages(group);
  for (std::vector<Group*>& queue : queues_) {
    std::replace(queue.begin(), queue.end(), &group, static_cast<Group*>(nullptr));
  }
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
  subscriber.sink = &sink;
  subscriber.group = &group;
  subscriber.words = std::make_unique<OwnWords>(OwnWords{.block = std::move(head),
                                                         .requested = spec.start.last_event_id,
                                                         .id_header = spec.id_header});
  subscriber.wrote_ms = hub_.clock().steady_ms();
  subscriber.index = static_cast<uint32_t>(group.members.size());
  group.members.push_back(&subscriber);
  group.readers.fetch_add(1, std::memory_order_relaxed);
  needed_ = std::max(needed_, opening->committed);
  if (opening->ask) {
    subscriber.is_waiting = true;
    const uint64_t ticket = ++last_ticket_;
    place_waits_[ticket] = {&subscriber, spec.start, *opening->ask, spec.padding};
    replay_.find(ticket, *opening->ask);
    return Ok{};
  }
  begin(subscriber, *opening, spec.padding);
  return Ok{};
}

void Fanout::begin(Subscriber& subscriber, const Opening& opening, bool padding) {
  // Without a place to resume from, the client keeps its own id until the gap event is through: a
  // line that breaks before it must not make the gap silent.
  const std::string id = opening.gap ? "" : hub_.position(opening.reader.cursor);
  end_head(subscriber, &opening);
  subscriber.words->block +=
      subscriber.group->rendering.mercure
          ? std::string(sse::kMercureHeartbeat)
          : sse::first_block(static_cast<uint64_t>(options_.retry_ms), id, padding);
  subscriber.words->gap = opening.gap;
  subscriber.reader = opening.reader;
  subscriber.is_live = opening.reader.cursor >= opening.committed;
  needed_ = std::max(needed_, opening.committed);
  make_ready(subscriber);
}

// Tells a client that has asked for an id where the history starts: after that id, or, where
// something is missing, with what is left.
void Fanout::end_head(Subscriber& subscriber, const Opening* opening) {
  OwnWords& words = *subscriber.words;
  if (words.id_header.empty()) {
    return;
  }
  if (opening != nullptr) {
    const bool is_whole = !words.requested.empty() && !opening->gap &&
                          !hub_.has_lost(*subscriber.group, opening->reader);
    words.block.append(words.id_header)
        .append(": ")
        .append(is_whole ? words.requested : "earliest")
        .append("\r\n");
  }
  words.block += "\r\n";
  words.id_header.clear();
}

void Fanout::close(Subscriber& subscriber) {
  Group& group = *subscriber.group;
  stop_waiting(subscriber);
  if (subscriber.is_ready) {
    group.lane_of(subscriber).ready[subscriber.ready_index] = nullptr;
  }
  group.members[subscriber.index] = group.members.back();
  group.members[subscriber.index]->index = subscriber.index;
  group.members.pop_back();
  group.readers.fetch_sub(1, std::memory_order_relaxed);
  counts_.unblocked.add(subscriber.is_blocked() ? 1 : 0);
  subscriber.group = nullptr;
  subscriber.rest = {};
  drop_if_empty(group);
}

bool Fanout::heartbeat(Subscriber& subscriber) {
  if (!subscriber.is_at_tail || subscriber.is_ended) {
    return false;
  }
  now_ms_ = hub_.clock().steady_ms();
  write_block(subscriber, subscriber.group->rendering.mercure
                              ? std::string(sse::kMercureHeartbeat)
                              : sse::id_block(hub_.position(visible_)));
  return true;
}

void Fanout::end(Subscriber& subscriber, int64_t retry_ms, std::string_view why) {
  if (subscriber.is_ended) {
    return;
  }
  subscriber.is_ended = true;
  if (subscriber.words) {
    end_head(subscriber, nullptr);
  }
  std::string block = subscriber.words ? std::move(subscriber.words->block) : std::string();
  block += sse::end_block(static_cast<uint64_t>(retry_ms), why);
  subscriber.words = std::make_unique<OwnWords>(OwnWords{.block = std::move(block)});
  if (!subscriber.is_blocked()) {
    finish(subscriber);
  }
}

// The laggards of one burst do not come back together.
void Fanout::end_lagged(Subscriber& subscriber) {
  constexpr int64_t kStride = 7919;
  const auto nth = static_cast<int64_t>(counts_.lagged_out.value());
  counts_.lagged_out.add();
  subscriber.is_lagged = true;
  end(subscriber, options_.retry_ms + nth * kStride % std::max<int64_t>(options_.retry_ms, 1),
      "lagged: this reader was too slow");
}

void Fanout::count_lag() {
  if (counts_.lag.has_noted()) {
    counts_.lag.count(hub_.clock().steady_us());
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

// All comments of a group in one write. Best effort: who has events to come, or a full socket, goes
// without.
void Fanout::send_comments() {
  std::map<Group*, std::string> blocks;
  for (const Comment& comment : news_.comments) {
    for (topics::Interest* interest : comment.interests) {
      blocks[static_cast<Group*>(interest)] += *comment.block;
    }
  }
  news_.comments.clear();
  for (auto& [group, text] : blocks) {
    const topics::BytesRef block = hub_.budget().hold(std::move(text));
    for (Subscriber* member : group->members) {
      if (!member->is_at_tail || member->is_ended) {
        continue;
      }
      if (const size_t taken = write(*member, std::array{std::string_view(*block)});
          taken < block->size()) {
        keep_rest(*member, {block, std::string_view(*block).substr(taken)});
      }
    }
  }
}

void Fanout::write_block(Subscriber& subscriber, std::string_view block) {
  const size_t taken = write(subscriber, std::array{block});
  if (taken < block.size()) {
    keep_copy(subscriber, block.substr(taken));
  }
}

void Fanout::keep_copy(Subscriber& subscriber, std::string_view rest) {
  topics::BytesRef owner = hub_.budget().hold(std::string(rest));
  const std::string_view bytes = *owner;
  keep_rest(subscriber, {std::move(owner), bytes});
}

// Its socket is full.
void Fanout::keep_rest(Subscriber& subscriber, Rest rest) {
  counts_.blocked.add();
  subscriber.rest = std::move(rest);
  if (std::exchange(subscriber.is_at_tail, false)) {
    subscriber.reader.cursor = visible_;
  }
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
  gap.reason = prepared.loss->by_crash      ? sse::GapReason::kLost
               : prepared.loss->all_deleted ? sse::GapReason::kDeleted
               : words != nullptr           ? sse::GapReason::kExpired
                                            : sse::GapReason::kLagged;
  return gap;
}

Prepared::Frame Fanout::render(const Group& group, const topics::EventRef& event) {
  const Rendering& rendering = group.rendering;
  const uint64_t seq = event->seq();
  std::string block;
  size_t data_bytes = event->data_bytes();
  if (rendering.mercure) {
    block = sse::mercure_block(*event);
  }
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

}  // namespace ringcast::server
