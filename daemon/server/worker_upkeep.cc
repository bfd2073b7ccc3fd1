// What a worker does beside serving: new connections, housekeeping, reload, the end.
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "server/worker.h"

namespace ringcast::server {

namespace {

constexpr size_t kSweepAtOnce = 1000;  // Topics under one holding of the hub's lock.
constexpr int64_t kLastMs = 500;       // Of the drain time: all streams end.
constexpr int64_t kSweepsPerSecond = 1000 / net::Wheel::kTickMs;

}  // namespace

void Worker::adopt(int descriptor, const Listening& listening, bool is_shed) {
  services_.connections.fetch_add(1, std::memory_order_relaxed);
  services_.shed.fetch_add(is_shed ? 1 : 0, std::memory_order_relaxed);
  const bool posted = mailbox_.post([this, descriptor, &listening, is_shed] {
    if (is_stopped_) {
      free_place(is_shed);
      ::close(descriptor);
      return;
    }
    auto connection = std::make_unique<Connection>(*this, listening, is_shed);
    if (!connection->start(descriptor)) {
      free_place(is_shed);
      return;
    }
    counts_.accepted.add();
    connection->index = connections_.size();
    connections_.push_back(std::move(connection));
  });
  if (!posted) {
    free_place(is_shed);
    ::close(descriptor);
  }
}

// The timer goes off when the loop comes to it: what keeps the loop from that delays everything.
void Worker::count_loop_lag() {
  const int64_t now_us = services_.hub.clock().steady_us();
  if (tick_due_us_ > 0) {
    counts_.loop_lag.observe(now_us - tick_due_us_);
  }
  tick_due_us_ = now_us + net::Wheel::kTickMs * 1000;
}

void Worker::free_place(bool is_shed) {
  services_.shed.fetch_sub(is_shed ? 1 : 0, std::memory_order_relaxed);
  services_.connections.fetch_sub(1, std::memory_order_relaxed);
}

void Worker::apply(SettingsRef settings) {
  mailbox_.post([this, settings = std::move(settings)] {
    const bool names_others = settings->options.presence != settings_->options.presence;
    settings_ = settings;
    fanout_.set_options(settings_->options.stream);
    access_log_.set_lines(settings_->options.access_lines);
    for (const auto& connection : connections_) {
      connection->check_source(*settings_);
      if (names_others) {
        connection->recount_presence();
      }
    }
  });
}

void Worker::drain(int64_t for_ms) {
  mailbox_.post([this, for_ms] {
    drain_until_ms_ = now_ms() + for_ms;
    is_end_due_ = true;
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

// A part of all topics in each tick, so that each is looked at within a second.
void Worker::sweep() {
  size_t left = services_.hub.counts().topics / static_cast<size_t>(kSweepsPerSecond) + 1;
  while (left > 0) {
    const size_t count = std::min(left, kSweepAtOnce);
    services_.hub.sweep(count);
    left -= count;
  }
}

// Spread over the drain time, and only those who have everything or cannot take it, until the time
// is nearly over; each comes back when this daemon is gone, and not with the others.
void Worker::end_some() {
  for (const auto& connection : connections_) {
    connection->drain();
  }
  const int64_t left_ms = std::max<int64_t>(drain_until_ms_ - now_ms(), 0);
  const auto streams = std::count_if(connections_.begin(), connections_.end(),
                                     [](const auto& each) { return each->is_open_stream(); });
  const int64_t ticks_left = std::max<int64_t>(left_ms / net::Wheel::kTickMs - 5, 1);
  int64_t count = (streams + ticks_left - 1) / ticks_left;
  const int64_t retry_ms = settings_->options.stream.retry_ms;
  for (const auto& connection : connections_) {
    if (count == 0) {
      return;
    }
    if (connection->is_open_stream() && (connection->is_served() || left_ms < kLastMs)) {
      connection->end_stream(left_ms + 1000 + jittered(retry_ms), "draining", CloseReason::kDrain);
      --count;
    }
  }
}

}  // namespace ringcast::server
