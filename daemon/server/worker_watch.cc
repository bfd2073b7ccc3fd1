// Which of a worker's readers are behind, while somebody watches.
#include <algorithm>
#include <set>
#include <utility>

#include "server/worker.h"

namespace ringcast::server {

namespace {

constexpr size_t kLookedAtOnce = 4096;  // Connections in one tick.
constexpr int64_t kPassEveryMs = 500;

struct Candidate {
  const Connection* connection = nullptr;
  uint64_t cursor = 0;
  int64_t wrote_ms = 0;
};
bool is_further_back(const Candidate& one, const Candidate& other) {
  return one.cursor < other.cursor;
}
bool is_longer_blocked(const Candidate& one, const Candidate& other) {
  return one.wrote_ms < other.wrote_ms;
}

}  // namespace

void Worker::look_at_readers() {
  ReaderScan& scan = reader_scan_;
  if (!watch_.wants_readers()) {
    scan.is_under_way = false;
    return;
  }
  const int64_t now = now_ms();
  if (!scan.is_under_way) {
    if (now < scan.due_ms) {
      return;
    }
    scan = {.is_under_way = true, .due_ms = now + kPassEveryMs};
  }
  look_at_some_readers(now);
  if (scan.next >= connections_.size()) {
    scan.is_under_way = false;
    scan.pass.slowest = scan.slowest.take();
    watch_.set_readers(std::move(scan.pass));
  }
}

void Worker::look_at_some_readers(int64_t now) {
  ReaderScan& scan = reader_scan_;
  TopList<Candidate, is_further_back> furthest(Watch::kMostReaders);
  TopList<Candidate, is_longer_blocked> blocked(Watch::kMostReaders);
  const size_t end = std::min(scan.next + kLookedAtOnce, connections_.size());
  for (; scan.next < end; ++scan.next) {
    const Connection& connection = *connections_[scan.next];
    if (!connection.is_open_stream()) {
      continue;
    }
    ++scan.pass.streams;
    const Subscriber& subscriber = connection.subscriber();
    if (subscriber.is_at_tail) {
      continue;
    }
    ++scan.pass.behind;
    const Candidate candidate{&connection, subscriber.reader.cursor, subscriber.wrote_ms};
    furthest.add(candidate);
    if (subscriber.is_blocked()) {
      ++scan.pass.blocked;
      blocked.add(candidate);
    }
  }
  // Only of these the hub is asked what they miss.
  std::set<const Connection*> candidates;
  for (const Candidate& each : furthest.take()) {
    candidates.insert(each.connection);
  }
  for (const Candidate& each : blocked.take()) {
    candidates.insert(each.connection);
  }
  for (const Connection* each : candidates) {
    scan.slowest.add(each->describe_reader(now));
  }
}

}  // namespace ringcast::server
