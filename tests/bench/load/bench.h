#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "load/publication.h"
#include "load/reactor.h"
#include "load/server_usage.h"
#include "load/subscriber.h"
#include "load/target.h"

namespace ringcast::bench {

// What the command line says.
struct Settings {
  Target target;
  std::vector<int> server_pids;
  uint32_t subscribers = 1000;
  uint32_t topics = 1;       // The subscribers are spread over them.
  uint32_t stalled = 0;      // Of the subscribers: read their response's head and nothing more.
  uint32_t more_topics = 0;  // That hold an event and have no subscriber.
  uint32_t events = 1000;    // Replayed or missed.
  uint32_t older = 0;        // history: events that are there before those.
  uint32_t live = 1000;      // Subscribers that stay while the others are cut.
  double seconds = 2;
  double warm_up = 0.5;
  double patience = 10;  // Without any progress, what has not come is missing.
  uint32_t connects_at_once = 512;
  bool shows_progress = false;
  bool sleeps = false;  // When there is nothing to do, instead of spinning.
  PublicationOptions publication;
};

// A point in a run, to take the difference of two.
struct Mark {
  uint64_t wall_ns = 0;
  uint64_t server_ns = 0;
  uint64_t server_kernel_ns = 0;
  uint64_t served = 0;  // Of the reactor.
  uint64_t served_full = 0;
};

// What all scenarios share.
class Bench {
 public:
  explicit Bench(const Settings& from);

  // Turns the loop for so long, or until `is_done`; then `publication` sends what is due.
  void run_for(double seconds, Publication* publication);
  // False when nothing moved for settings.patience; `progress` counts anything that does. Asks
  // again after `look_ns` at the latest.
  bool run_until(const std::function<bool()>& is_done, const std::function<uint64_t()>& progress,
                 Publication* publication = nullptr, uint64_t look_ns = 20'000'000);
  [[nodiscard]] Mark mark() const;
  // Writes over the line of the terminal, a few times a second.
  void show(const char* phase, uint64_t count, uint64_t of);

  const Settings settings;
  Reactor reactor;
  const Requests requests;
  const ServerUsage usage;

 private:
  uint64_t shown_ns_ = 0;
};

// Subscribers that are treated alike.
class Crowd {
 public:
  struct Shape {
    uint32_t size = 0;
    uint32_t first_topic = 0;
    uint32_t topics = 1;
    bool is_urgent = false;
  };
  Crowd(Bench& bench, const Shape& shape);

  // Connects all; each resumes after what it has, or after `id`. False when some were not answered.
  bool join(std::string_view id = {}, Publication* running = nullptr);
  void cut_off(Publication* running);
  void stop_reading();
  // Publishes until every subscriber has got an event; from then on every stream is checked.
  bool get_acquainted(Publication& publication);
  void be_strict(const Publication& publication);
  // All that the publication has sent is there, also what was missed: false if some never came.
  bool wait_for_all(Publication& publication, Publication* running = nullptr);
  // Streams whose order differs from that of the first one of their topic.
  [[nodiscard]] uint64_t disordered();
  [[nodiscard]] std::string_view last_id() const { return subscribers_.front()->last_id(); }

  Tally tally;

 private:
  uint64_t deliveries_due(const Publication& publication) const;

  Bench& bench_;
  const Shape shape_;
  std::vector<std::unique_ptr<Subscriber>> subscribers_;
};

}  // namespace ringcast::bench
