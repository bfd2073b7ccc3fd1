#pragma once

#include <cstdint>
#include <memory>
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
};

// The real hub and fan-outs beside the plain log, and everything that can happen to them, chosen
// by one seed. Single-threaded; what other threads would do happens inside of the sinks' writes.
class World {
 public:
  // `tells`: remembers its steps for the report.
  World(uint64_t seed, bool tells);
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
  };
  struct Answer {
    std::string id;
    int64_t since_ms;
  };

  static Setup make_setup(Random& random);
  static topics::Policy make_policy(Random& random);

  void step();
  void meanwhile();
  void note(const std::string& what);

  void publish();
  void note_publish(const std::vector<Logged>& logged);
  std::vector<server::Draft> make_drafts(std::vector<Logged>& logged);
  server::Draft make_draft(Logged& logged);
  bool would_be_too_many(const std::vector<server::Draft>& drafts) const;
  void expect_receipt(const std::vector<server::Draft>& drafts, std::vector<Logged>& logged,
                      const std::vector<std::string>& keys, const server::Receipt& receipt);
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
  server::Hub hub_;
  Log log_;
  std::vector<std::unique_ptr<server::Fanout>> fanouts_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::unordered_map<std::string, Answer> answers_;  // By idempotency key in its scope.
  std::vector<std::string> story_;
  uint64_t serial_ = 0;
  int64_t time_ms_ = 0;  // What the hub takes for now.
  uint64_t refused_ = 0;
  uint64_t duplicates_ = 0;
  bool is_within_write_ = false;
};

}  // namespace ringcast::model
