// The world with a journal: a real one in a folder of its own.
#include <filesystem>
#include <utility>

#include "journal/journal.h"
#include "support/model_world.h"

namespace ringcast::model {

namespace {

constexpr uint64_t kReservedStep = 50;

}  // namespace

void World::open_journal() {
  if (folder_.empty()) {
    std::string name = (std::filesystem::temp_directory_path() / "ringcast-model-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  auto opened = journal::open(
      {.path = folder_, .sync = journal::Sync::kOff},
      {.fresh_epoch = std::string(kEpoch), .boot_id = "b", .reserved_step = kReservedStep});
  if (!opened) {
    verdict_.fail("no journal: " + opened.error().detail);
    hub_ = std::make_unique<server::Hub>(setup_.options, std::string(kEpoch), clock_);
    return;
  }
  journal_ = std::move(opened->journal);
  hub_ = std::make_unique<server::Hub>(setup_.options, *journal_, clock_);
  verdict_.expect(!!hub_->restore([](uint64_t, uint64_t) {}), "the journal cannot be read back");
  reader_ = std::move(*journal_->open_reader());
}

void World::open_fanouts() {
  for (uint32_t worker = 0; worker < setup_.options.workers; ++worker) {
    auto& fanout = fanouts_.emplace_back(
        std::make_unique<server::Fanout>(*hub_, worker, setup_.options.stream));
    fanout->set_replay({.read =
                            [this, worker](uint64_t ticket, topics::PageQuery query) {
                              query.events = 1 + random_.below(8);
                              query.bytes = random_.one_in(3) ? 200 : query.bytes;
                              reads_.push_back({worker, ticket, std::move(query)});
                            },
                        .find =
                            [this](uint64_t ticket, topics::PlaceQuery query) {
                              find_ = {ticket, query};
                            }});
  }
}

void World::find_place(uint32_t worker) {
  if (find_) {
    const auto [ticket, query] = *std::exchange(find_, std::nullopt);
    fanouts_[worker]->take_place(ticket, reader_->find(query));
  }
}

void World::submit(std::vector<server::Draft> drafts, std::vector<Logged> logged,
                   std::vector<std::string> keys) {
  auto submitted = std::make_shared<Submitted>();
  submitted->logged = std::move(logged);
  submitted->keys = std::move(keys);
  submitted->drafts = drafts.size();
  const Status status =
      hub_->submit(drafts, "", {}, [submitted](Result<server::Receipt> receipt, const auto&) {
        submitted->outcome = std::move(receipt);
      });
  if (status) {
    submitted_.push_back(std::move(submitted));
  } else {
    verdict_.fail("refused without a reason: " + status.error().detail);
  }
}

void World::commit() {
  time_ms_ = std::max(time_ms_, clock_.unix_ms());
  note("commit");
  const auto committed = hub_->commit();
  if (!committed) {
    verdict_.fail("the journal fails: " + committed.error().detail);
    return;
  }
  commits_ += *committed ? 1 : 0;
  while (!submitted_.empty() && submitted_.front()->outcome) {
    Submitted& done = *submitted_.front();
    if (!*done.outcome) {
      verdict_.fail("refused without a reason: " + done.outcome->error().detail);
      return;
    }
    for (Logged& logged : done.logged) {
      logged.time_ms = time_ms_;
    }
    expect_receipt(done.drafts, done.logged, done.keys, **done.outcome);
    submitted_.pop_front();
  }
  expect_memory();
  sync((Mask{1} << kTopics.size()) - 1, Log::Cause::kSweep);
}

// Until nothing waits, and nothing has to leave.
void World::commit_all() {
  if (!setup_.has_journal) {
    return;
  }
  for (int rounds = 0; !verdict_.failed(); ++rounds) {
    commit();
    if (submitted_.empty() && !hub_->has_trims()) {
      return;
    }
    if (rounds > 1000) {
      verdict_.fail("the journal never comes to rest");
    }
  }
}

void World::answer_read() {
  if (reads_.empty()) {
    return;
  }
  const size_t index = random_.below(reads_.size());
  const Read read = std::move(reads_[index]);
  reads_.erase(reads_.begin() + static_cast<std::ptrdiff_t>(index));
  note("answer a read of " + std::to_string(read.worker) + " from " +
       std::to_string(read.query.after));
  ++reads_done_;
  fanouts_[read.worker]->take_page(read.ticket, reader_->read(read.query));
}

// In peace, or by a crash, which takes what nobody was answered. What such a DELETE has taken away
// would come back: that is not looked at.
void World::restart() {
  if (is_within_write_) {
    return;
  }
  const bool is_clean = random_.one_in(2) || clears_pending_ > 0;
  note(is_clean ? "restart" : "crash");
  if (is_clean) {
    commit_all();
  }
  for (const auto& client : clients_) {
    if (client->subscriber) {
      disconnect(*client);
    }
  }
  for (const auto& fanout : fanouts_) {
    past_lagged_out_ += fanout->counts().lagged_out.value();
    for (size_t reason = 0; reason < std::size(past_); ++reason) {
      past_[reason] += fanout->counts().gaps[reason].value();
    }
  }
  fanouts_.clear();
  reads_.clear();
  submitted_.clear();
  reader_.reset();
  hub_.reset();
  if (is_clean) {
    verdict_.expect(!!journal_->close(), "the journal does not close");
  }
  journal_.reset();
  open_journal();
  if (verdict_.failed()) {
    return;
  }
  log_.restart(*hub_, journal_->start().last_seq);
  sync((Mask{1} << kTopics.size()) - 1, Log::Cause::kDelete);
  open_fanouts();
  ++restarts_;
}

}  // namespace ringcast::model
