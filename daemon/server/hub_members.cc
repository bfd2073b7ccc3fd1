// Who wants what of the hub: workers and their interests. The way of an event is in hub.cc.
#include <algorithm>
#include <utility>

#include "server/hub.h"
#include "sse/position.h"

namespace ringcast::server {

namespace {

// Topics that exist for their readers alone are bounded by limits.topics as well, so that readers
// cannot push out the history; a small limit leaves room for so many.
constexpr uint64_t kLeastReaderTopics = 10'000;

}  // namespace

Hub::Hub(const Options& options, std::string epoch, const Clock& clock)
    : Hub(options, std::move(epoch), clock, nullptr) {}

Hub::Hub(const Options& options, topics::Journal& journal, const Clock& clock)
    : Hub(options, journal.start().epoch, clock, &journal) {}

Hub::Hub(const Options& options, std::string epoch, const Clock& clock, topics::Journal* journal)
    : epoch_(std::move(epoch)),
      clock_(clock),
      budget_(options.memory_bytes),
      pumped_(options.workers + 1),
      catalog_(budget_, options.policies, options.workers + 1, options.limits.topics),
      retention_(catalog_, budget_, pumped_),
      keys_(options.idempotency),
      quota_(options.limits.topics_per_token),
      inboxes_(options.workers + 1),
      topics_limit_(options.limits.topics),
      journal_(journal),
      commit_options_(options.commit) {
  catalog_.on_forget([this](std::string_view name) { quota_.release(name); });
  retention_.set_most_own_topics(topics_limit_);
  if (journal_ != nullptr) {
    const topics::JournalStart& start = journal_->start();
    committed_ = assigned_ = start.last_seq;
    last_time_ms_ = start.last_time_ms;
    holes_ = start.holes;
  }
}

// The broker's own events, which are never written: they tell operators of a journal that fails.
bool Hub::is_own(const std::vector<Draft>& drafts) {
  return std::all_of(drafts.begin(), drafts.end(), [](const Draft& draft) {
    return draft.event && std::all_of(draft.event->topics().begin(), draft.event->topics().end(),
                                      [](const auto& name) { return topics::is_reserved(name); });
  });
}

// For the events, their slots in the rings, and topics that are new. Topics of the batch count once
// each.
Hub::Need Hub::need_of(const std::vector<Draft>& drafts) const {
  Need need;
  for (const Draft& draft : drafts) {
    if (!draft.event || draft.repeat_of) {
      continue;
    }
    need.bytes += draft.event->memory();
    for (const std::string& name : draft.event->topics()) {
      const topics::Topic* topic = catalog_.find(name);
      need.bytes += 2 * sizeof(topics::Ring::Slot);  // Rings grow by doubling.
      need.bytes += topic == nullptr ? topics::Catalog::cost_of(name) : 0;
      if ((topic == nullptr || !topic->holds_events()) && !topics::is_reserved(name)) {
        need.fresh.insert(name);
      }
    }
  }
  return need;
}

// Of limits.topics only those count that hold events, and none of the broker's: what is told of
// readers must not keep publishers out. `claimed` gets the topics that count for their creator from
// now on; with a failure there are none.
Status Hub::make_room(const std::vector<Draft>& drafts, const Publisher& who,
                      std::vector<std::string>& claimed) {
  const Need need = need_of(drafts);
  if (is_own(drafts)) {
    // Their share is kept for them, as far as what was published may leave: see
    // Retention::append().
    static_cast<void>(retention_.make_room(need.bytes));
    return Ok{};
  }
  if (!need.fresh.empty() && catalog_.topics_with_events + need.fresh.size() > topics_limit_) {
    return fail(Errc::kOverloaded,
                "limits.topics: " + std::to_string(topics_limit_) + " topics hold events already",
                "topic");
  }
  if (Status counted = claim(need.fresh, who, claimed); !counted) {
    return counted;  // Before anything is evicted for it.
  }
  const uint64_t evictions = retention_.evictions();
  Status room = retention_.make_room(need.bytes);  // Only takes away: limits.topics is kept.
  if (room && retention_.evictions() != evictions) {
    // A topic that somebody else created may have gone, and would come back as this client's.
    room = claim(need_of(drafts).fresh, who, claimed);
  }
  if (!room) {
    give_back(claimed);
  }
  return room;
}

// All or none. A topic counts for who publishes the first event in it, also when it has readers
// already: else who may subscribe could make any number of topics. It counts until it is forgotten.
Status Hub::claim(const std::unordered_set<std::string_view>& fresh, const Publisher& who,
                  std::vector<std::string>& claimed) {
  if (who.client.empty()) {
    return Ok{};
  }
  for (const std::string_view name : fresh) {
    if (quota_.is_counted(name)) {
      continue;
    }
    if (quota_.claim(who.client, name)) {
      claimed.emplace_back(name);
      continue;
    }
    give_back(claimed);
    const uint64_t has = quota_.topics_of(who.client);
    std::string detail = "limits.topics_per_token: ";
    detail += who.name.empty() ? "this address" : who.name;
    detail += " has created " + std::to_string(has) + " topics that are still there";
    if (has < quota_.topics_each()) {
      detail += ", and may have " + std::to_string(quota_.topics_each());
    }
    return fail(Errc::kTooMany, std::move(detail), "topic");
  }
  return Ok{};
}

void Hub::give_back(std::vector<std::string>& claimed) {
  for (const std::string& name : claimed) {
    quota_.release(name);
  }
  claimed.clear();
}

// What a repeat needs was stored the first time: it is answered even when there is no room.
void Hub::find_repeats(std::vector<Draft>& drafts, std::string_view who, int64_t now_ms) {
  for (Draft& draft : drafts) {
    draft.repeat_of.reset();
    if (draft.key.empty()) {
      continue;
    }
    if (const IdempotencyKeys::Answer* answer =
            keys_.find(IdempotencyKeys::scoped(who, draft.event->topics(), draft.key), now_ms)) {
      draft.repeat_of = *answer;
    }
  }
}

// Each once, also who wants several of the topics.
std::vector<topics::Interest*> Hub::interests_in(const std::vector<std::string>& names,
                                                 uint32_t worker) const {
  std::vector<topics::Interest*> found;
  for (const std::string& name : names) {
    catalog_.each_wanting(name, [&](topics::Interest& interest) {
      if (interest.worker == worker) {
        found.push_back(&interest);
      }
    });
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

void Hub::set_waker(uint32_t worker, std::function<void()> wake) {
  inboxes_[worker].wake = std::move(wake);
}

bool Hub::has_news(uint32_t worker) const noexcept {
  return inboxes_[worker].has_news.load(std::memory_order_acquire);
}

Result<Opening> Hub::open(topics::Interest& interest, const topics::StartRequest& request) {
  const std::lock_guard lock(mutex_);
  if (!interest.is_joined) {
    size_t bytes = 0;
    uint64_t fresh = 0;
    for (const std::string& pattern : interest.patterns) {
      bytes += topics::Catalog::cost_of(pattern);
      fresh += !topics::has_wildcard(pattern) && catalog_.find(pattern) == nullptr ? 1 : 0;
    }
    for (const topics::MatcherRef& matcher : interest.matchers) {
      bytes += topics::Catalog::cost_of(*matcher);
    }
    if (Status few = catalog_.check_matchers(interest.matchers); !few) {
      return std::move(few).failure();
    }
    const uint64_t without_events =
        catalog_.by_name().size() - catalog_.topics_with_events - catalog_.own_with_events;
    const uint64_t most = std::max(topics_limit_, kLeastReaderTopics);
    if (fresh > 0 && without_events + fresh > most) {
      return fail(Errc::kOverloaded,
                  "limits.topics: " + std::to_string(most) + " topics have readers and no events");
    }
    if (Status room = retention_.make_room(bytes); !room) {
      return std::move(room).failure();
    }
    catalog_.join(interest);
  }
  const topics::Start start = find_start(interest, request);
  if (start.ask) {
    return Opening{.committed = committed_, .ask = start.ask};
  }
  return opening_at(start);
}

topics::Start Hub::find_start(const topics::Interest& interest,
                              const topics::StartRequest& request) {
  return has_journal()
             ? topics::find_start_on_disk(request, interest, epoch_, committed_)
             : topics::find_start(request, interest, retention_.ids(), epoch_, committed_);
}

Opening Hub::opening_at(const topics::Start& start) {
  Opening opening{.reader = {.cursor = start.cursor, .skips_holes = start.forget_losses},
                  .gap = start.gap,
                  .committed = committed_};
  // `since` asks for what is there: whatever has left any of the topics counts as told.
  if (start.gap || (start.forget_losses && start.cursor < committed_)) {
    opening.reader.told = retention_.tell();
  }
  return opening;
}

bool Hub::has_lost(const topics::Interest& interest, const topics::Reader& reader) {
  const std::lock_guard lock(mutex_);
  const auto is_hole = [&](const auto& hole) {
    return hole.second > reader.cursor && hole.first <= reader.cursor;
  };
  return topics::find_loss(interest, reader, false).has_value() ||
         std::any_of(holes_.begin(), holes_.end(), is_hole);
}

void Hub::leave(topics::Interest& interest) {
  const std::lock_guard lock(mutex_);
  catalog_.leave(interest);
}

std::string Hub::last_position() {
  const std::lock_guard lock(mutex_);
  return position(committed_);
}

std::string Hub::position(uint64_t seq) const {
  return sse::format_position(epoch_, seq);
}

}  // namespace ringcast::server
