#include "server/server.h"

#include <pthread.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "server/subscribe_handler.h"
#include "sse/blocks.h"

namespace ringcast::server {

namespace {

// Over limits.connections so many more are let in to be told so, and only then does accepting
// pause.
constexpr uint64_t kShedAtOnce = 128;
constexpr uint64_t kTickMs = 50;
// What the streams' last blocks need to get out, also with `drain: 0`.
constexpr int64_t kLeastDrainMs = 250;
// What the last requests on kept listeners may take.
constexpr int64_t kLeaveMs = 1000;

}  // namespace

Server::Server(net::Loop& main_loop, Services& services, SettingsRef settings,
               const std::vector<ServedListener>& listeners)
    : services_(services), settings_(std::move(settings)) {
  services_.set_limits(settings_->options.limits);
  for (uint32_t index = 0; index < settings_->options.workers; ++index) {
    workers_.push_back(std::make_unique<Worker>(index, services_, settings_));
  }
  for (const auto& worker : workers_) {
    threads_.emplace_back([&worker = *worker] {
      // Shown by top -H and debuggers.
      pthread_setname_np(pthread_self(), ("worker " + std::to_string(worker.index())).c_str());
      worker.run();
    });
  }
  for (const ServedListener& served : listeners) {
    auto acceptor = std::make_unique<net::Acceptor>(
        main_loop, served.listener,
        net::Acceptor::Events{
            .accepted = [this, &served](int descriptor) { accepted(descriptor, served.listening); },
            // Who speaks TLS would not understand it.
            .refusal =
                [this, has_tls = served.listening.tls != nullptr](std::string_view start) {
                  return has_tls ? std::string() : refusal(start);
                }},
        services_.log);
    entrances_.push_back({std::move(acceptor), served.listening.is_kept});
  }
  update_acceptors();
  ticker_ = std::make_unique<net::Ticker>(main_loop, kTickMs, [this] { tick(); });
}

Server::~Server() {
  stop();
}

void Server::accepted(int descriptor, const Listening& listening) {
  const uint64_t limit = settings_->options.limits.connections;
  const uint64_t open = services_.connections.load(std::memory_order_relaxed);
  // Those that are only being told take no place from others, however long they stay to listen.
  const uint64_t places = open - std::min(open, services_.shed.load(std::memory_order_relaxed));
  workers_[next_worker_]->adopt(descriptor, listening, places >= limit);
  next_worker_ = (next_worker_ + 1) % workers_.size();
  if (open + 1 >= limit + kShedAtOnce && is_accepting_) {
    services_.log({LogLevel::kWarn,
                   "limits.connections are in use: new ones wait",
                   {{"connections", std::to_string(open)}},
                   "net"});
    set_accepting(false);
  }
}

std::string Server::refusal(std::string_view start) const {
  std::string answer;
  if (start.find("text/event-stream") != std::string_view::npos) {
    const auto retry_ms = static_cast<uint64_t>(settings_->options.stream.retry_ms);
    return stream_head({}) + sse::end_block(2 * retry_ms, "out of file descriptors");
  }
  http::append_response(
      answer, problem_for({.code = Errc::kOverloaded, .detail = "out of file descriptors"}),
      {.keep_alive = false});
  return answer;
}

void Server::set_accepting(bool accepting) {
  is_accepting_ = accepting;
  update_acceptors();
}

void Server::update_acceptors() {
  const bool can_wait = services_.is_starting || services_.is_leaving;
  for (const Entrance& entrance : entrances_) {
    entrance.acceptor->set_accepting(is_accepting_ && !(entrance.is_kept && can_wait));
  }
}

void Server::on_started() {
  update_acceptors();
}

void Server::tick() {
  const uint64_t open = services_.connections.load(std::memory_order_relaxed);
  if (drained_) {
    tick_drain(open);
    return;
  }
  if (!is_accepting_ && !services_.is_draining &&
      open < settings_->options.limits.connections + kShedAtOnce / 2) {
    set_accepting(true);
  }
}

void Server::tick_drain(uint64_t open) {
  const int64_t now_ms = services_.hub.clock().steady_ms();
  const bool is_late = now_ms >= drain_until_ms_;
  if (!services_.is_leaving &&
      (services_.subscribers.load(std::memory_order_relaxed) == 0 || is_late)) {
    services_.is_leaving = true;
    update_acceptors();
    drain_until_ms_ = std::max(drain_until_ms_, now_ms + kLeaveMs);
    return;
  }
  if (services_.is_leaving && (open == 0 || now_ms >= drain_until_ms_)) {
    std::exchange(drained_, nullptr)();
  }
}

void Server::apply(const SettingsRef& settings) {
  settings_ = settings;
  services_.hub.set_options(settings->options);
  services_.set_limits(settings->options.limits);
  for (const auto& worker : workers_) {
    worker->apply(settings);
  }
}

void Server::drain(std::function<void()> done) {
  // The listeners stay open, so that probes and clients are told rather than refused.
  services_.is_draining = true;
  drained_ = std::move(done);
  drain_until_ms_ =
      services_.hub.clock().steady_ms() + std::max(settings_->options.drain_ms, kLeastDrainMs);
  // Without a kept listener there is nobody to go on for.
  services_.is_leaving = std::none_of(entrances_.begin(), entrances_.end(),
                                      [](const Entrance& each) { return each.is_kept; });
  for (const auto& worker : workers_) {
    worker->drain(settings_->options.drain_ms);
  }
}

void Server::stop() {
  entrances_.clear();
  ticker_.reset();
  for (const auto& worker : workers_) {
    worker->stop();
  }
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

std::vector<const WorkerCounts*> Server::counts() const {
  std::vector<const WorkerCounts*> all;
  for (const auto& worker : workers_) {
    all.push_back(&worker->counts());
  }
  return all;
}

std::vector<Watch*> Server::watches() const {
  std::vector<Watch*> all;
  for (const auto& worker : workers_) {
    all.push_back(&worker->watch());
  }
  return all;
}

std::vector<const Fanout::Counts*> Server::fanout_counts() const {
  std::vector<const Fanout::Counts*> all;
  for (const auto& worker : workers_) {
    all.push_back(&worker->fanout().counts());
  }
  return all;
}

}  // namespace ringcast::server
