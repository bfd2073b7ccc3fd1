// The world's subscribers: what they ask for, and where that has to start.
#include <algorithm>
#include <utility>

#include "sse/position.h"
#include "support/model_world.h"
#include "unit/topics_reference_matcher.h"

namespace ringcast::model {

namespace {

constexpr size_t kMaxClients = 7;

uint64_t before_time(const Log& log, Mask topics, int64_t unix_ms) {
  for (uint64_t seq = 1; seq <= log.committed(); ++seq) {
    if ((log[seq].retained & topics) != 0 && log[seq].time_ms >= unix_ms) {
      return seq - 1;
    }
  }
  return log.committed();
}

uint64_t before_newest(const Log& log, const Wish& wish, uint64_t count) {
  uint64_t place = log.committed();
  for (uint64_t seq = log.committed(); seq > 0 && count > 0; --seq) {
    if ((log[seq].retained & wish.topics) != 0 && wish.wants(log[seq])) {
      place = seq - 1;
      --count;
    }
  }
  return place;
}

}  // namespace

Wish World::make_wish() {
  Wish wish;
  const auto any_pattern = [this]() -> std::string {
    if (random_.one_in(2)) {
      return std::string(kTopics[random_.below(kTopics.size())]);
    }
    return random_.pick<const char*>({"a/*", "a/**", "*/x", "**", "b/*/1", "*", "b/**", "$sys/**"});
  };
  for (uint64_t left = random_.pick<uint64_t>({1, 1, 2, 3}); left > 0; --left) {
    wish.spec.patterns.push_back(any_pattern());
  }
  std::sort(wish.spec.patterns.begin(), wish.spec.patterns.end());
  wish.spec.patterns.erase(std::unique(wish.spec.patterns.begin(), wish.spec.patterns.end()),
                           wish.spec.patterns.end());
  for (const std::string& pattern : wish.spec.patterns) {
    wish.has_wildcards = wish.has_wildcards || pattern.find('*') != std::string::npos;
    for (size_t topic = 0; topic < kTopics.size(); ++topic) {
      wish.topics |= topics::reference_matches(pattern, kTopics[topic]) ? Mask{1} << topic : 0;
    }
  }
  if (random_.one_in(5)) {
    wish.spec.types = {random_.pick<const char*>({"message", "x"})};
  }
  return wish;
}

void World::make_start(Client& client, Wish& wish) {
  using Kind = topics::Since::Kind;
  topics::StartRequest& start = wish.spec.start;
  const auto old = [this] { return random_.below(log_.committed() + 1); };
  const uint64_t dice = random_.below(12);
  if (dice < 5) {
    start.last_event_id = client.last_id;  // Empty at first: then `latest`.
  } else if (dice == 5) {
    start.last_event_id = sse::format_position(kEpoch, old());
  } else if (dice == 6) {
    start.last_event_id = random_.pick<const char*>({"zzzzz-5", "zzzzz-0", "garbage", "-1", "p3"});
  } else if (dice == 7) {
    start.last_event_id = sse::format_position(kEpoch, log_.committed() + 1 + random_.below(9));
  } else if (dice == 8) {
    start.since = {.kind = Kind::kEarliest};
  } else if (dice == 9) {
    start.since = {.kind = Kind::kNewest, .count = random_.below(6)};
  } else if (dice == 10) {
    start.since = {.kind = Kind::kTime,
                   .unix_ms = clock_.unix_ms() - static_cast<int64_t>(random_.below(3000))};
  }
}

Place World::place_of_id(const std::string& id, Mask topics) const {
  const auto position = sse::parse_position(id);
  if (position && position->epoch == kEpoch) {
    return position->seq <= log_.committed() ? Place{.base = position->seq, .gap = {}}
                                             : Place{.gap = sse::GapReason::kUnknown};
  }
  for (uint64_t seq = 1; seq <= log_.committed(); ++seq) {
    if (log_[seq].own_id == id && (log_[seq].retained & topics) != 0) {
      return {.base = seq, .gap = {}};
    }
  }
  return {.gap = position ? sse::GapReason::kEpoch : sse::GapReason::kUnknown};
}

Place World::place_of(const Wish& wish) const {
  using Kind = topics::Since::Kind;
  const topics::StartRequest& start = wish.spec.start;
  if (!start.last_event_id.empty()) {
    return place_of_id(start.last_event_id, wish.topics);
  }
  Place place{.base = log_.committed(), .gap = {}, .asks_for_what_is_there = true};
  switch (start.since.kind) {
    case Kind::kLatest:
      break;
    case Kind::kEarliest:
      place.base = before_time(log_, wish.topics, INT64_MIN);
      break;
    case Kind::kNewest:
      place.base = before_newest(log_, wish, start.since.count);
      break;
    case Kind::kTime:
      place.base = before_time(log_, wish.topics, start.since.unix_ms);
      break;
  }
  return place;
}

void World::connect() {
  if (clears_pending_ > 0) {
    if (is_within_write_) {
      return;
    }
    commit();  // What was deleted is found on disk until then, and may be where a stream starts.
  }
  Client* client = nullptr;
  for (const auto& each : clients_) {
    if (!each->subscriber && (client == nullptr || random_.one_in(2))) {
      client = each.get();
    }
  }
  if (client == nullptr || (clients_.size() < kMaxClients && random_.one_in(2))) {
    if (clients_.size() == kMaxClients) {
      return;
    }
    client =
        clients_.emplace_back(std::make_unique<Client>(log_, verdict_, [this] { meanwhile(); }))
            .get();
  }
  Wish wish = make_wish();
  make_start(*client, wish);
  const auto worker = static_cast<uint32_t>(random_.below(fanouts_.size()));
  std::string what = "connect to " + std::to_string(worker);
  for (const std::string& pattern : wish.spec.patterns) {
    what += " " + pattern;
  }
  note(what + " from " + wish.spec.start.last_event_id);
  auto subscriber = std::make_unique<server::Subscriber>();
  const Status status =
      fanouts_[worker]->open(*subscriber, *client, wish.spec, std::string(Client::kHead));
  sync(kAllTopics, Log::Cause::kTrim);
  if (!status) {
    verdict_.expect(setup_.is_tight, "refused a subscriber without a reason");
    return;
  }
  const Place place = place_of(wish);
  client->capacity = random_.one_in(3) ? random_.below(200) : Client::kNoLimit;
  client->connect(std::move(wish), place, worker, std::move(subscriber));
  find_place(worker);
}

void World::disconnect(Client& client) {
  note("disconnect at " + client.last_id);
  fanouts_[client.worker]->close(*client.subscriber);
  client.disconnect();
  sync(kAllTopics, Log::Cause::kTrim);
}

}  // namespace ringcast::model
