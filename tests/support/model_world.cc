#include "support/model_world.h"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace ringcast::model {

namespace {

constexpr size_t kSweepAll = 100;
// What the rings' and lists' own growth may add to what make_room() has seen.
constexpr int64_t kMemorySlack = 24 << 10;

}  // namespace

topics::Retain World::make_retain(Random& random) {
  return {.events = random.pick<uint64_t>({0, 0, 3, 20}),
          .bytes = random.pick<uint64_t>({0, 0, 400}),
          .age_ms = random.pick<int64_t>({0, 2000, 3'600'000})};
}

topics::Policy World::make_policy(Random& random) {
  return {.events = random.pick<uint64_t>({0, 1, 3, 8, 50, 1000}),
          .bytes = random.pick<uint64_t>({150, 1000, 1 << 20, 1 << 20}),
          .age_ms = random.pick<int64_t>({0, 1000, 4000, 3'600'000}),
          .keep = random.pick<uint64_t>({0, 0, 2}),
          .grace_ms = random.pick<int64_t>({0, 0, 500}),
          .lagged = random.one_in(3) ? topics::Lagged::kDisconnect : topics::Lagged::kSkip};
}

World::Setup World::make_setup(Random& random, bool has_journal) {
  Setup setup;
  setup.has_journal = has_journal;
  server::Options& options = setup.options;
  options.workers = static_cast<uint32_t>(1 + random.below(3));
  setup.is_tight = random.one_in(3) && !has_journal;
  options.memory_bytes = setup.is_tight ? (24U << 10U) + random.below(64U << 10U) : 64U << 20U;
  options.policies.fallback = make_policy(random);
  options.policies.rules = {{.match = "a/**", .policy = make_policy(random)},
                            {.match = "b", .policy = make_policy(random)}};
  options.limits.topics = random.pick<uint64_t>({100, 100, 4, 2});
  if (has_journal) {
    options.limits.topics = 100;
    options.policies.fallback.retain = make_retain(random);
    for (topics::PolicyRule& rule : options.policies.rules) {
      rule.policy.retain = make_retain(random);
    }
  }
  options.idempotency = {.window_ms = 3000, .keys = 10'000};
  setup.meanwhile_one_in = random.pick<uint64_t>({0, 0, 6});
  return setup;
}

World::World(uint64_t seed, bool has_journal, bool tells)
    : tells_(tells),
      random_(seed),
      setup_(make_setup(random_, has_journal)),
      hub_(has_journal
               ? nullptr
               : std::make_unique<server::Hub>(setup_.options, std::string(kEpoch), clock_)),
      log_(hub_.get(), setup_.options, setup_.is_tight, has_journal, verdict_) {
  if (has_journal) {
    open_journal();
    log_.restart(*hub_, 0);
  }
  open_fanouts();
}

World::~World() {
  for (const auto& client : clients_) {
    if (client->subscriber) {
      fanouts_[client->worker]->close(*client->subscriber);
    }
  }
  fanouts_.clear();
  reader_.reset();
  hub_.reset();
  journal_.reset();
  if (!folder_.empty()) {
    std::filesystem::remove_all(folder_);
  }
}

std::string World::run(uint64_t steps, Tally& tally) {
  for (uint64_t at = 0; at < steps && !verdict_.failed(); ++at) {
    step();
    ++tally.steps;
  }
  count(tally);
  if (!verdict_.failed()) {
    finish();
  }
  if (!verdict_.failed()) {
    return "";
  }
  std::string report = verdict_.what() + "\nafter:";
  const size_t from = story_.size() > 60 ? story_.size() - 60 : 0;
  for (size_t at = from; at < story_.size(); ++at) {
    report += "\n  " + story_[at];
  }
  return report;
}

void World::count(Tally& tally) const {
  tally.stored += log_.committed();
  tally.refused += refused_;
  tally.duplicates += duplicates_;
  for (const auto& client : clients_) {
    tally.delivered += client->delivered;
  }
  tally.commits += commits_;
  tally.reads += reads_done_;
  tally.restarts += restarts_;
  tally.lagged_out += past_lagged_out_;
  for (size_t reason = 0; reason < std::size(tally.gaps); ++reason) {
    tally.gaps[reason] += past_[reason];
  }
  for (const auto& fanout : fanouts_) {
    tally.lagged_out += fanout->counts().lagged_out.value();
    for (size_t reason = 0; reason < std::size(tally.gaps); ++reason) {
      tally.gaps[reason] += fanout->counts().gaps[reason].value();
    }
  }
}

void World::note(const std::string& what) {
  if (!tells_) {
    return;
  }
  story_.push_back(std::to_string(log_.committed()) + (is_within_write_ ? "   (within) " : " ") +
                   what);
}

void World::step() {
  if (setup_.has_journal) {
    const uint64_t dice = random_.below(100);
    if (dice < 25) {
      commit();
    } else if (dice < 45) {
      answer_read();
    } else if (dice == 45) {
      restart();
    }
  }
  const uint64_t dice = random_.below(100);
  Client* client = any_open();
  if (dice < 34) {
    publish();
  } else if (dice < 54) {
    turn(static_cast<uint32_t>(random_.below(fanouts_.size())));
  } else if (dice < 64 || client == nullptr) {
    connect();
  } else if (dice < 72) {
    drain(*client, random_.one_in(2) ? Client::kNoLimit : random_.below(400));
  } else if (dice < 79) {
    client->capacity = random_.one_in(2) ? 0 : random_.below(300);
    note("limit a sink to " + std::to_string(client->capacity));
  } else if (dice < 85) {
    disconnect(*client);
  } else if (dice < 89) {
    const auto ms = static_cast<int64_t>(random_.pick<uint64_t>({1, 200, 600, 1500, 5000}));
    clock_.advance(ms);
    const bool steps_back = random_.one_in(5) && !setup_.has_journal;  // Keys live by that clock.
    clock_.step_unix(steps_back ? -static_cast<int64_t>(random_.below(700)) : 0);
    note("advance the clock by " + std::to_string(ms));
  } else if (dice < 92) {
    sweep(random_.one_in(2) ? kSweepAll : 2);
  } else if (dice < 94) {
    clear();
  } else if (dice < 97) {
    heartbeat(*client);
  } else if (dice < 98) {
    end(*client);
  } else {
    settle();
  }
}

// What other threads do while a worker is within its turn.
void World::meanwhile() {
  if (setup_.meanwhile_one_in == 0 || is_within_write_ || verdict_.failed() ||
      !random_.one_in(setup_.meanwhile_one_in)) {
    return;
  }
  is_within_write_ = true;
  for (uint64_t left = 1 + random_.below(3); left > 0; --left) {
    const uint64_t dice = random_.below(10);
    if (dice < 7) {
      publish();
    } else if (dice < 9) {
      clear();
    } else {
      sweep(2);
    }
  }
  is_within_write_ = false;
}

Client* World::any_open() {
  std::vector<Client*> open;
  for (const auto& client : clients_) {
    if (client->subscriber) {
      open.push_back(client.get());
    }
  }
  return open.empty() ? nullptr : open[random_.below(open.size())];
}

void World::sync(Mask topics, Log::Cause cause) {
  log_.sync(topics, cause, time_ms_);
}

void World::clear() {
  const size_t topic = random_.below(kTopics.size());
  note("clear " + std::string(kTopics[topic]));
  if (setup_.has_journal) {
    ++clears_pending_;
    hub_->submit_clear(kTopics[topic], [this](const auto&, const auto&) { --clears_pending_; });
  } else {
    hub_->clear(kTopics[topic]);
  }
  sync(Mask{1} << topic, Log::Cause::kDelete);
}

void World::sweep(size_t count) {
  time_ms_ = std::max(time_ms_, clock_.unix_ms());
  note("sweep " + std::to_string(count));
  hub_->sweep(count);
  sync(kAllTopics, Log::Cause::kSweep);
}

void World::turn(uint32_t worker) {
  note("turn " + std::to_string(worker));
  fanouts_[worker]->turn();
  for (const auto& client : clients_) {
    if (client->subscriber && client->worker == worker) {
      client->note_tail();
    }
  }
}

void World::drain(Client& client, size_t bytes) {
  note("drain a sink of " + client.last_id + " by " +
       (bytes == Client::kNoLimit ? "all" : std::to_string(bytes)));
  client.capacity = bytes;
  client.is_draining = true;
  fanouts_[client.worker]->on_writable(*client.subscriber);
  client.is_draining = false;
}

void World::heartbeat(Client& client) {
  note("heartbeat");
  if (random_.one_in(2)) {
    fanouts_[client.worker]->refresh();
  }
  const bool is_at_tail = client.subscriber->is_at_tail;
  const bool went = fanouts_[client.worker]->heartbeat(*client.subscriber);
  verdict_.expect(went == (is_at_tail && !client.has_ended), "a heartbeat away from the tail");
}

void World::end(Client& client) {
  note("end a stream");
  client.asked_to_end = true;
  fanouts_[client.worker]->end(*client.subscriber, 1000, "draining");
}

// All sockets take everything and all workers turn until nothing moves: then everybody has
// everything.
void World::settle() {
  note("settle");
  for (const auto& client : clients_) {
    if (client->subscriber) {
      drain(*client, Client::kNoLimit);
    }
  }
  bool has_more = true;
  for (int rounds = 0; has_more; ++rounds) {
    commit_all();
    while (!reads_.empty()) {
      answer_read();
    }
    has_more = false;
    for (uint32_t worker = 0; worker < fanouts_.size(); ++worker) {
      turn(worker);
    }
    for (uint32_t worker = 0; worker < fanouts_.size(); ++worker) {
      has_more = has_more || fanouts_[worker]->has_work() || hub_->has_news(worker);
    }
    has_more = has_more || !reads_.empty() || !submitted_.empty();
    if (rounds > 1000) {
      verdict_.fail("the workers never come to rest");
      return;
    }
  }
  for (const auto& client : clients_) {
    if (client->subscriber && !client->has_ended) {
      verdict_.expect(client->subscriber->is_at_tail, "a reader stopped before the tail");
      client->expect_all();
    }
    if (client->subscriber && client->asked_to_end) {
      verdict_.expect(client->has_ended, "a stream did not end");
    }
  }
}

// Nobody reads, nothing is kept: then no memory is used but for the tombstones.
void World::finish() {
  settle();
  clock_.advance(10'000);
  sweep(kSweepAll);  // On from where the last one stopped, and...
  sweep(kSweepAll);  // ...from the start.
  commit_all();
  log_.expect_trimmed(time_ms_);
  for (const auto& client : clients_) {
    if (client->subscriber) {
      disconnect(*client);
    }
  }
  fanouts_.clear();
  for (size_t topic = 0; topic < kTopics.size(); ++topic) {
    hub_->clear(kTopics[topic]);
  }
  sync(kAllTopics, Log::Cause::kDelete);
  commit_all();
  hub_->sweep(kSweepAll);
  hub_->sweep(kSweepAll);
  const server::HubCounts counts = hub_->counts();
  verdict_.expect(counts.topics == 0 && counts.topics_with_events == 0, "a topic was left");
  // As many again are of the broker's topics.
  verdict_.expect(counts.tombstones <= 2 * setup_.options.limits.topics, "too many tombstones");
  verdict_.expect(counts.memory_used >= 0, "more memory came back than was used");
  verdict_.expect(counts.memory_used <= static_cast<int64_t>(counts.tombstones) * 300,
                  "memory did not come back");
}

void World::expect_memory() {
  verdict_.expect(hub_->budget().used() <= hub_->budget().limit() + kMemorySlack,
                  "more memory is used than there is");
}

}  // namespace ringcast::model
