// What readers get from the journal, and where they start in it; and what the hub gets back from it
// at the start.
#include <algorithm>
#include <utility>

#include "server/hub.h"

namespace ringcast::server {

namespace {

constexpr size_t kTopicsAtOnce = 4096;
constexpr size_t kEventsAtOnce = 4096;
// The rings get back what is newest, within these.
constexpr size_t kMostRestored = 200'000;
constexpr size_t kMostRestoredBytes = 64 << 20;
constexpr int64_t kShareOfMemory = 4;

}  // namespace

Opening Hub::place(const topics::StartRequest& request, const topics::PlaceQuery& asked,
                   uint64_t found) {
  const std::lock_guard lock(mutex_);
  return opening_at(topics::found_start(request, asked, found));
}

topics::PageQuery Hub::page_query(const topics::Interest& interest, topics::Reader reader,
                                  uint64_t visible) {
  const std::lock_guard lock(mutex_);
  return query_of(interest, reader, visible);
}

topics::PageQuery Hub::query_of(const topics::Interest& interest, topics::Reader reader,
                                uint64_t visible) const {
  topics::PageQuery query{.after = reader.cursor,
                          .up_to = std::max(visible, reader.cursor),
                          .topics = topics::choose_topics(interest),
                          .types = interest.types,
                          .sees_private = interest.sees_private,
                          .private_topics = interest.private_topics};
  return query;
}

HeldPage Hub::hold(topics::Page page) {
  HeldPage held{.end = page.end};
  held.events.reserve(page.events.size());
  for (std::unique_ptr<sse::Event>& event : page.events) {
    held.events.push_back(budget_.hold(std::move(event)));
  }
  return held;
}

topics::Slice Hub::read_page(const topics::Interest& interest, topics::Reader& reader,
                             const HeldPage& page) {
  const std::lock_guard lock(mutex_);
  topics::Slice slice = slice_of(interest, reader, page);
  if (slice.loss) {
    reader.told = retention_.tell();
  }
  return slice;
}

// The page may be older than what has left the journal since: that is told, and not delivered.
topics::Slice Hub::slice_of(const topics::Interest& interest, topics::Reader reader,
                            const HeldPage& page) const {
  topics::Slice slice{.loss = topics::find_loss(interest, reader, false), .end = page.end};
  for (const topics::EventRef& event : page.events) {
    if (is_retained(*event, interest)) {
      slice.events.push_back(event);
    }
  }
  add_unjournaled(interest, reader, slice);
  slice.resumed = slice.events.empty() ? slice.end : slice.events.front()->seq() - 1;
  topics::mind_holes(holes_, reader, slice);
  return slice;
}

// Topics of the broker live in memory only.
void Hub::add_unjournaled(const topics::Interest& interest, topics::Reader reader,
                          topics::Slice& slice) {
  const size_t from_disk = slice.events.size();
  for (const topics::Interest::Link& link : interest.topics) {
    const topics::Ring& ring = link.topic->ring;
    for (size_t at = link.topic->is_journaled() ? ring.size() : ring.first_after(reader.cursor);
         at < ring.size() && ring[at].seq <= slice.end; ++at) {
      if (interest.wants(*ring[at].event)) {
        slice.events.push_back(ring[at].event);
      }
    }
  }
  if (slice.events.size() > from_disk) {
    std::sort(slice.events.begin(), slice.events.end(),
              [](const auto& one, const auto& other) { return one->seq() < other->seq(); });
    const auto repeats =
        std::unique(slice.events.begin(), slice.events.end(),
                    [](const auto& one, const auto& other) { return one->seq() == other->seq(); });
    slice.events.erase(repeats, slice.events.end());
  }
}

bool Hub::is_retained(const sse::Event& event, const topics::Interest& interest) const {
  if (interest.topics.size() == 1) {
    return event.seq() > interest.topics.front().topic->ring.evicted().high();
  }
  return std::any_of(event.topics().begin(), event.topics().end(), [&](const std::string& name) {
    const topics::Topic* topic = catalog_.find(name);
    return topic != nullptr && event.seq() > topic->ring.evicted().high() && interest.matches(name);
  });
}

Status Hub::restore(const std::function<void(uint64_t, uint64_t)>& progress) {
  const topics::JournalStart& start = journal_->start();
  {
    const std::lock_guard lock(mutex_);
    catalog_.restore_forgotten({.high = start.forgotten_high,
                                .deleted_high = start.forgotten_deleted_high,
                                .when = retention_.now()});
  }
  uint64_t topics_done = 0;
  for (uint64_t after = 0;;) {
    Result<std::vector<topics::StoredTopic>> stored = journal_->topics(after, kTopicsAtOnce);
    if (!stored) {
      return std::move(stored).failure();
    }
    if (stored->empty()) {
      break;
    }
    const std::lock_guard lock(mutex_);
    for (const topics::StoredTopic& topic : *stored) {
      restore_topic(topic);
    }
    after = stored->back().row.number;
    topics_done += stored->size();
    progress(topics_done, 0);
  }
  if (Status rings = restore_rings([&](uint64_t events) { progress(topics_done, events); });
      !rings) {
    return rings;
  }
  return restore_keys();
}

void Hub::restore_topic(const topics::StoredTopic& stored) {
  const topics::JournalTopic& row = stored.row;
  next_number_ = std::max(next_number_, row.number + 1);
  if (stored.nth == 0) {  // Nothing of it is on disk, not even what has to leave.
    catalog_.restore(row.name, {.high = row.gone_high,
                                .deleted_high = row.deleted_high,
                                .when = retention_.now(),
                                .number = row.number});
    return;
  }
  topics::Topic& topic = catalog_.touch(row.name);
  topic.ring.forget_up_to(row.gone_high, retention_.now());
  topic.deleted_high = row.deleted_high;
  topic.has_private = row.has_private;
  topic.disk = {.number = row.number,
                .nth = stored.nth,
                .bytes_through = stored.bytes_through,
                .events = stored.events,
                .bytes = stored.bytes,
                .gone_bytes = stored.bytes_through - stored.bytes,
                .oldest_seq = stored.oldest_seq,
                .newest_seq = stored.newest_seq,
                .oldest_time_ms = stored.oldest_time_ms,
                .paged_high = stored.newest_seq,
                .is_recorded = true};
  catalog_.topics_with_events += stored.events > 0 ? 1 : 0;
  retention_.queue_to_trim(topic);  // There may be remains.
}

// The newest events of all: so each ring gets the newest of its topic, without a hole.
Status Hub::restore_rings(const std::function<void(uint64_t)>& progress) {
  const size_t most_bytes =
      std::min<size_t>(kMostRestoredBytes, static_cast<size_t>(budget_.limit() / kShareOfMemory));
  std::vector<topics::EventRef> newest;
  size_t bytes = 0;
  for (uint64_t before = UINT64_MAX; newest.size() < kMostRestored && bytes < most_bytes;) {
    auto events = journal_->newest(before, kEventsAtOnce, most_bytes - bytes);
    if (!events) {
      return std::move(events).failure();
    }
    if (events->empty()) {
      break;
    }
    before = events->back()->seq();
    for (std::unique_ptr<sse::Event>& event : *events) {
      bytes += event->memory();
      newest.push_back(budget_.hold(std::move(event)));
    }
    progress(newest.size());
  }
  const std::lock_guard lock(mutex_);
  last_time_ms_ = std::max(last_time_ms_, clock_.unix_ms());
  retention_.set_time(last_time_ms_);
  for (; !newest.empty(); newest.pop_back()) {
    const topics::EventRef& event = newest.back();
    for (const std::string& name : event->topics()) {
      topics::Topic* topic = catalog_.find(name);
      if (topic != nullptr && event->seq() > topic->ring.evicted().high()) {
        retention_.restore(event, *topic);
      }
    }
  }
  return Ok{};
}

Status Hub::restore_keys() {
  Result<std::vector<topics::JournalKey>> keys = journal_->keys();
  if (!keys) {
    return std::move(keys).failure();
  }
  const std::lock_guard lock(mutex_);
  for (topics::JournalKey& key : *keys) {
    const int64_t age_ms = std::max<int64_t>(clock_.unix_ms() - key.unix_ms, 0);
    if (age_ms < keys_.window_ms()) {
      keys_.add(std::move(key.key), {key.accepted, std::move(key.first_id), std::move(key.last_id)},
                clock_.steady_ms() - age_ms);
    }
  }
  return Ok{};
}

}  // namespace ringcast::server
