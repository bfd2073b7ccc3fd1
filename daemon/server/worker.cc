#include "server/worker.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace ringcast::server {

namespace {

constexpr size_t kReadBuffer = 64 << 10;
constexpr size_t kSweepAtOnce = 1000;  // Topics under one holding of the hub's lock.
constexpr int64_t kSweepsPerSecond = 1000 / net::Wheel::kTickMs;

}  // namespace

Worker::Worker(uint32_t index, Services& services, SettingsRef settings)
    : index_(index),
      services_(services),
      settings_(std::move(settings)),
      mailbox_(loop_),
      wheel_(services.hub.clock().steady_ms()),
      fanout_(services.hub, index, settings_->options.stream),
      read_buffer_(kReadBuffer),
      random_(std::random_device{}()),
      turn_hook_(std::make_unique<net::TurnHook>(loop_, [this] { return turn(); })),
      ticker_(std::make_unique<net::Ticker>(loop_, net::Wheel::kTickMs, [this] { tick(); })) {
  services.hub.set_waker(index, [this] { mailbox_.wake(); });
}

Worker::~Worker() = default;

void Worker::run() { loop_.run(); }

void Worker::adopt(int descriptor, bool is_local_listener, bool is_shed) {
  services_.connections.fetch_add(1, std::memory_order_relaxed);
  const bool posted = mailbox_.post([this, descriptor, is_local_listener, is_shed] {
    if (is_stopped_) {
      services_.connections.fetch_sub(1, std::memory_order_relaxed);
      ::close(descriptor);
      return;
    }
    auto connection = std::make_unique<Connection>(*this, is_local_listener, is_shed);
    if (!connection->start(descriptor)) {
      services_.connections.fetch_sub(1, std::memory_order_relaxed);
      return;
    }
    counts_.accepted.add();
    connection->index = connections_.size();
    connections_.push_back(std::move(connection));
  });
  if (!posted) {
    services_.connections.fetch_sub(1, std::memory_order_relaxed);
    ::close(descriptor);
  }
}

void Worker::apply(SettingsRef settings) {
  mailbox_.post([this, settings = std::move(settings)] {
    settings_ = settings;
    fanout_.set_options(settings_->options.stream);
  });
}

void Worker::drain(int64_t for_ms) {
  mailbox_.post([this, for_ms] {
    drain_until_ms_ = now_ms() + for_ms;
    for (const auto& connection : connections_) {
      connection->drain();
    }
  });
}

void Worker::stop() {
  mailbox_.post([this] {
    is_stopped_ = true;
    waiting_for_memory_.clear();
    for (const auto& connection : connections_) {
      connection->doom(CloseReason::kDrain);
    }
    reap();
    turn_hook_.reset();
    ticker_.reset();
    mailbox_.close();
  });
}

int64_t Worker::jittered(int64_t most) {
  return std::uniform_int_distribution<int64_t>(0, std::max<int64_t>(most, 0))(random_);
}

// Once in each turn, before the loop polls: everything that the sockets and the other workers have
// brought is served here, and here only is anything destroyed.
bool Worker::turn() {
  const bool has_more = fanout_.turn();
  reap();
  return has_more;
}

void Worker::tick() {
  const int64_t now = now_ms();
  // Heartbeats carry what is visible: look first.
  fanout_.refresh();
  wheel_.advance(now, [now](void* owner) { static_cast<Connection*>(owner)->on_deadline(now); });
  for (Connection* connection : std::exchange(waiting_for_memory_, {})) {
    if (!connection->is_doomed()) {
      connection->resume_ingest();
    }
  }
  if (index_ == 0) {
    sweep();
  }
  if (drain_until_ms_ > 0) {
    end_some_streams();
  }
}

// A part of all topics in each tick, so that each is looked at within a second.
void Worker::sweep() {
  size_t left = services_.hub.counts().topics / static_cast<size_t>(kSweepsPerSecond) + 1;
  while (left > 0) {
    const size_t count = std::min(left, kSweepAtOnce);
    services_.hub.sweep(count);
    left -= count;
  }
}

// Spread over the drain time; each comes back when this daemon is gone, and not with the others.
void Worker::end_some_streams() {
  const int64_t left_ms = std::max<int64_t>(drain_until_ms_ - now_ms(), 0);
  const auto streams = std::count_if(connections_.begin(), connections_.end(), [](const auto& each) {
    return each->is_open_stream();
  });
  const int64_t ticks_left = std::max<int64_t>(left_ms / net::Wheel::kTickMs - 5, 1);
  int64_t count = (streams + ticks_left - 1) / ticks_left;
  const int64_t retry_ms = settings_->options.stream.retry_ms;
  for (const auto& connection : connections_) {
    if (count == 0) {
      return;
    }
    if (connection->is_open_stream()) {
      connection->end_stream(left_ms + 1000 + jittered(retry_ms), "draining", CloseReason::kDrain);
      --count;
    }
  }
}

void Worker::reap() {
  for (Connection* connection : std::exchange(doomed_, {})) {
    const size_t index = connection->index;
    std::erase(waiting_for_memory_, connection);
    connections_[index].swap(connections_.back());
    connections_[index]->index = index;
    connections_.pop_back();
    services_.connections.fetch_sub(1, std::memory_order_relaxed);
  }
}

}  // namespace ringcast::server
