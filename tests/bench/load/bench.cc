#include "load/bench.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace ringcast::bench {

namespace {

constexpr uint64_t kShowEvery = 250'000'000;
// Connections made or cut in one turn, so that the loop comes back to what is urgent.
constexpr size_t kAtOnce = 16;

uint64_t to_ns(double seconds) {
  return static_cast<uint64_t>(seconds * 1e9);
}

}  // namespace

Bench::Bench(const Settings& from)
    : settings(from),
      reactor(!from.sleeps),
      requests(from.target),
      usage({from.server_pids.begin(), from.server_pids.end()}) {}

void Bench::run_for(double seconds, Publication* publication) {
  const uint64_t end = now_ns() + to_ns(seconds);
  for (uint64_t now = now_ns(); now < end; now = now_ns()) {
    show("published", publication->answered(), 0);
    reactor.turn(std::min(end, publication->tick()));
  }
}

bool Bench::run_until(const std::function<bool()>& is_done,
                      const std::function<uint64_t()>& progress, Publication* publication,
                      uint64_t look_ns) {
  uint64_t seen = progress();
  uint64_t since = now_ns();
  while (!is_done()) {
    const uint64_t now = now_ns();
    const uint64_t due = publication != nullptr ? publication->tick() : now + look_ns;
    reactor.turn(std::min(due, now + look_ns));
    if (const uint64_t moved = progress(); moved != seen) {
      seen = moved;
      since = now;
    } else if (now - since > to_ns(settings.patience)) {
      return false;
    }
  }
  return true;
}

Mark Bench::mark() const {
  return {.wall_ns = now_ns(),
          .server_ns = usage.cpu_ns(),
          .server_kernel_ns = usage.kernel_ns(),
          .served = reactor.served(),
          .served_full = reactor.served_full()};
}

void Bench::show(const char* phase, uint64_t count, uint64_t of) {
  if (!settings.shows_progress || now_ns() - shown_ns_ < kShowEvery) {
    return;
  }
  shown_ns_ = now_ns();
  if (of > 0) {
    std::fprintf(stderr, "\r\033[K%s %llu of %llu", phase, static_cast<unsigned long long>(count),
                 static_cast<unsigned long long>(of));
  } else {
    std::fprintf(stderr, "\r\033[K%s %llu", phase, static_cast<unsigned long long>(count));
  }
}

Crowd::Crowd(Bench& bench, const Shape& shape) : bench_(bench), shape_(shape) {
  for (uint32_t number = 0; number < shape.size; ++number) {
    subscribers_.push_back(std::make_unique<Subscriber>(
        bench.reactor, shape.is_urgent, shape.first_topic + number % shape.topics,
        bench.settings.publication.publishers, tally));
  }
}

bool Crowd::join(std::string_view id, Publication* running) {
  size_t asked = 0;
  const auto answered = [&] { return tally.streams + tally.refused + tally.lost; };
  const uint64_t before = answered();
  return bench_.run_until(
             [&] {
               for (size_t count = 0;
                    count < kAtOnce && asked < subscribers_.size() &&
                    asked - (answered() - before) < bench_.settings.connects_at_once;
                    ++count) {
                 subscribers_[asked]->resume_after(id);
                 subscribers_[asked++]->subscribe(bench_.requests);
               }
               bench_.show("connected", answered() - before, subscribers_.size());
               return answered() - before >= subscribers_.size();
             },
             answered, running) &&
         tally.streams == subscribers_.size();
}

void Crowd::cut_off(Publication* running) {
  size_t cut = 0;
  bench_.run_until(
      [&] {
        for (size_t count = 0; count < kAtOnce && cut < subscribers_.size(); ++count) {
          subscribers_[cut++]->cut_off();
        }
        return cut == subscribers_.size();
      },
      [&] { return cut; }, running, 0);
}

void Crowd::stop_reading() {
  for (const auto& subscriber : subscribers_) {
    subscriber->stop_reading();
  }
}

bool Crowd::get_acquainted(Publication& publication) {
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    publication.send_some(shape_.topics);
    const uint64_t until = now_ns() + 1'000'000'000;
    bench_.run_until(
        [&] {
          return now_ns() > until ||
                 (publication.is_idle() && tally.first_events >= subscribers_.size());
        },
        [&] { return now_ns(); });
    if (tally.first_events >= subscribers_.size()) {
      bench_.run_for(0.1, &publication);  // What a second round may still bring.
      be_strict(publication);
      return true;
    }
  }
  return false;
}

void Crowd::be_strict(const Publication& publication) {
  tally.is_strict = true;
  for (const auto& subscriber : subscribers_) {
    for (uint32_t publisher = 0; publisher < publication.publishers(); ++publisher) {
      subscriber->check().expect(
          publisher, publication.sent(publisher, subscriber->topic() - shape_.first_topic));
    }
  }
}

uint64_t Crowd::deliveries_due(const Publication& publication) const {
  uint64_t due = 0;
  for (const auto& subscriber : subscribers_) {
    for (uint32_t publisher = 0; publisher < publication.publishers(); ++publisher) {
      due += publication.sent(publisher, subscriber->topic() - shape_.first_topic) -
             subscriber->check().expected(publisher);
    }
  }
  return due;
}

bool Crowd::wait_for_all(Publication& publication, Publication* running) {
  const auto progress = [&] { return tally.deliveries + publication.answered(); };
  bool is_whole = bench_.run_until([&] { return publication.is_idle(); }, progress, running);
  const uint64_t target = tally.deliveries + deliveries_due(publication);
  is_whole = bench_.run_until(
                 [&] {
                   bench_.show("delivered", tally.deliveries, target);
                   return tally.deliveries >= target;
                 },
                 progress, running) &&
             is_whole;
  tally.faults.missing += deliveries_due(publication);
  return is_whole;
}

uint64_t Crowd::disordered() {
  std::vector<const StreamCheck*> first(shape_.topics);
  uint64_t count = 0;
  for (const auto& subscriber : subscribers_) {
    const StreamCheck*& model = first[subscriber->topic() - shape_.first_topic];
    if (model == nullptr) {
      model = &subscriber->check();
    }
    count += model->order() != subscriber->check().order() ? 1 : 0;
  }
  return count;
}

}  // namespace ringcast::bench
