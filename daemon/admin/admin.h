#pragma once

#include <functional>
#include <optional>
#include <string>

#include "http/response.h"
#include "server/services.h"

namespace ringcast::admin {

// Answers everything but publishing and subscribing: health, metrics, topics, history, DELETE, the
// page. Thread-safe: each answer is a request and what the hub says at the moment.
class Admin {
 public:
  // Calls what it is given with the text of /metrics, once, on any thread.
  using MetricsPort = std::function<void(std::function<void(std::string)>)>;

  Admin(server::Hub& hub, MetricsPort metrics) : hub_(hub), metrics_(std::move(metrics)) {}

  std::optional<http::Response> operator()(const server::AdminRequest& request);
  // With a journal: whose threads read history. Before the first request.
  void set_readers(server::JournalReaders* readers) { readers_ = readers; }

 private:
  std::optional<http::Response> show_metrics(const server::AdminRequest& request);
  http::Response list_topics(const server::AdminRequest& request);
  http::Response show_topic(const server::AdminRequest& request);
  std::optional<http::Response> delete_topic(const server::AdminRequest& request);

  server::Hub& hub_;  // Outlives the workers that call this.
  MetricsPort metrics_;
  server::JournalReaders* readers_ = nullptr;
};

// The parameter `limit` of a page: 1 to 1,000, 100 when it is not there.
Result<uint64_t> page_limit(const http::Target& target);

// GET /history: retained events of topics and patterns, page by page. With `readers` the response
// comes later.
std::optional<http::Response> answer_history(server::Hub& hub, server::JournalReaders* readers,
                                             const server::AdminRequest& request);

}  // namespace ringcast::admin
