#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <unordered_set>

#include "cpp/src/delivery.h"

namespace ringcast::client {

// The requests of a client that are under way, and the publishes that wait for those before them,
// bounded in bytes.
class Outbox {
 public:
  struct Limits {
    size_t parallel = 1;  // Publishes under way at a time.
    size_t bytes = 0;     // Of publishes that wait or are under way; one always fits.
  };

  Outbox(Session& session, Limits limits) : session_(session), limits_(limits) {}

  // Sends a request at once, and once.
  void send(std::shared_ptr<const HttpRequest> request, Delivery::Done done);
  // Sends it after those before it. `done` gets kQueueFull, in a turn of its own, when there is no
  // room.
  void publish(std::shared_ptr<const HttpRequest> request, PublishOptions options,
               Delivery::Done done);
  // Ends everything with `error`.
  void end(const Error& error);
  // Ends everything, and nobody is told.
  void abandon();

 private:
  using Active = std::unordered_set<std::shared_ptr<Delivery>>;

  void start_next();

  Session& session_;
  Limits limits_;
  Outage outage_;       // Of publishes.
  Outage not_retried_;  // Of the others, which try once.
  std::deque<std::shared_ptr<Delivery>> waiting_;
  Active publishing_;
  Active sending_;
  size_t bytes_ = 0;
};

}  // namespace ringcast::client
