#include "server/worker.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace ringcast::server {

namespace {

constexpr size_t kReadBuffer = 64 << 10;

}  // namespace

Worker::Worker(uint32_t index, Services& services, SettingsRef settings)
    : index_(index),
      services_(services),
      settings_(std::move(settings)),
      mailbox_(loop_),
      wheel_(services.hub.clock().steady_ms()),
      fanout_(services.hub, index, settings_->options.stream),
      read_buffer_(kReadBuffer),
      access_log_(services.log, services.hub.clock()),
      random_(std::random_device{}()),
      turn_hook_(std::make_unique<net::TurnHook>(loop_, [this] { return turn(); })),
      ticker_(std::make_unique<net::Ticker>(loop_, net::Wheel::kTickMs, [this] { tick(); })) {
  services.hub.set_waker(index, [this] { wake(); });
  access_log_.set_lines(settings_->options.access_lines);
  connect_replay();
}

Worker::~Worker() = default;

void Worker::run() {
  loop_.run();
}

int64_t Worker::jittered(int64_t most) {
  return std::uniform_int_distribution<int64_t>(0, std::max<int64_t>(most, 0))(random_);
}

// Once in each turn, before the loop polls: everything that the sockets and the other workers have
// brought is served here, and here only is anything destroyed.
bool Worker::turn() {
  flush_replies();
  const bool has_news = services_.hub.has_news(index_);
  const bool has_more = fanout_.turn();
  release_submissions(has_news);
  if (std::exchange(is_end_due_, false)) {
    end_some();  // After the turn: what was accepted before the drain has gone out.
  }
  reap();
  return has_more || holds_submissions_;
}

void Worker::tick() {
  count_loop_lag();
  const int64_t now = now_ms();
  counts_.ticks.add();
  // Heartbeats carry what is visible: look first.
  fanout_.refresh();
  wheel_.advance(now, [now](void* owner) { static_cast<Connection*>(owner)->on_deadline(now); });
  for (Connection* connection : std::exchange(waiting_for_memory_, {})) {
    if (connection->waits_for_memory()) {
      connection->resume_ingest();
    }
  }
  access_log_.tick();
  look_at_readers();
  if (index_ == 0) {
    sweep();
  }
  if (drain_until_ms_ > 0) {
    is_end_due_ = true;
  }
}

void Worker::reap() {
  for (Connection* connection : std::exchange(doomed_, {})) {
    const size_t index = connection->index;
    free_place(connection->is_shed());
    std::erase(waiting_for_memory_, connection);
    forget_number(*connection);
    connections_[index].swap(connections_.back());
    connections_[index]->index = index;
    connections_.pop_back();
  }
}

}  // namespace ringcast::server
