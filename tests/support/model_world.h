#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/fanout.h"
#include "server/hub.h"
#include "support/fake_clock.h"
#include "support/model_client.h"
#include "support/model_log.h"
#include "support/model_random.h"

namespace ringcast::model {

// What the schedules did, to see that they got anywhere.
struct Tally {
  uint64_t steps = 0;
  uint64_t stored = 0;
  uint64_t refused = 0;
  uint64_t duplicates = 0;
  uint64_t delivered = 0;
  uint64_t gaps[6] = {};
  uint64_t lagged_out = 0;
  uint64_t commits = 0;
  uint64_t reads = 0;
  uint64_t restarts = 0;
};

// The real hub and fan-outs beside the plain log, and everything that can happen to them, chosen
// by one seed. Single-threaded; what other threads would do happens inside of the sinks' writes.
class World {
 public:
  // `tells`: remembers its steps for the report.
  World(uint64_t seed, bool has_journal, bool tells);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  // Runs the schedule. Empty when all was right, else what was not, and after which steps.
  std::string run(uint64_t steps, Tally& tally);

 private:
  struct Setup {
    server::Options options;
    bool is_tight = false;
    uint64_t meanwhile_one_in = 0;  // 0: nothing happens inside of writes.
    bool has_journal = false;
  };
  // A publish that waits for the journal.
  struct Submitted {
    std::vector<Logged> logged;
    std::vector<std::string> keys;
    size_t drafts = 0;
    std::optional<Result<server::Receipt>> outcome;
  };
  struct Read {
    uint32_t worker = 0;
    uint64_t ticket = 0;
    topics::PageQuery query;
  };
  struct Answer {
    std::string id;
    int64_t since_ms;
  };

  static Setup make_setup(Random& random, bool has_journal);
  static topics::Policy make_policy(Random& random);
  static topics::Retain make_retain(Random& random);

  void step();
  void meanwhile();
  void note(const std::string& what);

  void publish();
  void note_publish(const std::vector<Logged>& logged);
  std::vector<server::Draft> make_drafts(std::vector<Logged>& logged);
  server::Draft make_draft(Logged& logged);
  bool would_be_too_many(const std::vector<server::Draft>& drafts) const;
  void expect_receipt(size_t drafts, std::vector<Logged>& logged,
                      const std::vector<std::string>& keys, const server::Receipt& receipt);
  void publish_now(std::vector<server::Draft> drafts, std::vector<Logged> logged,
                   const std::vector<std::string>& keys, Mask touched);

  // model_journal.cc
  void open_journal();
  void open_fanouts();
  void submit(std::vector<server::Draft> drafts, std::vector<Logged> logged,
              std::vector<std::string> keys);
  void commit();
  void commit_all();
  void answer_read();
  void find_place(uint32_t worker);
  void restart();
  void clear();
  void sweep(size_t count);
  void sync(Mask topics, Log::Cause cause);

  Wish make_wish();
  void make_start(Client& client, Wish& wish);
  Place place_of(const Wish& wish) const;
  Place place_of_id(const std::string& id, Mask topics) const;
  void connect();
  void disconnect(Client& client);
  void turn(uint32_t worker);
  void drain(Client& client, size_t bytes);
  void heartbeat(Client& client);
  void end(Client& client);
  void settle();
  void finish();
  void count(Tally& tally) const;
  void expect_memory();
  Client* any_open();

  const bool tells_;
  Random random_;
  Verdict verdict_;
  Setup setup_;
  FakeClock clock_;
  std::string folder_;
  std::unique_ptr<topics::Journal> journal_;
  std::unique_ptr<topics::JournalReader> reader_;
  std::unique_ptr<server::Hub> hub_;
  std::deque<std::shared_ptr<Submitted>> submitted_;
  std::vector<Read> reads_;
  std::optional<std::pair<uint64_t, topics::PlaceQuery>> find_;
  Log log_;
  std::vector<std::unique_ptr<server::Fanout>> fanouts_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::unordered_map<std::string, Answer> answers_;  // By idempotency key in its scope.
  std::vector<std::string> story_;
  uint64_t serial_ = 0;
  int64_t time_ms_ = 0;  // What the hub takes for now.
  uint64_t refused_ = 0;
  uint64_t duplicates_ = 0;
  uint64_t clears_pending_ = 0;
  uint64_t commits_ = 0;
  uint64_t reads_done_ = 0;
  uint64_t restarts_ = 0;
  uint64_t past_[6] = {};  // Gaps that fan-outs before the restarts have told.
  uint64_t past_lagged_out_ = 0;
  bool is_within_write_ = false;
};

}  // namespace ringcast::model
