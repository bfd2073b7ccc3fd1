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
  // `metrics` gives the text of /metrics.
  Admin(server::Hub& hub, std::function<std::string()> metrics)
      : hub_(hub), metrics_(std::move(metrics)) {}

  std::optional<http::Response> operator()(const server::AdminRequest& request);
  // With a journal: whose threads read history. Before the first request.
  void set_readers(server::JournalReaders* readers) { readers_ = readers; }

 private:
  http::Response show_metrics(const server::AdminRequest& request);
  http::Response list_topics(const server::AdminRequest& request);
  http::Response show_topic(const server::AdminRequest& request);
  std::optional<http::Response> delete_topic(const server::AdminRequest& request);

  server::Hub& hub_;  // Outlives the workers that call this.
  std::function<std::string()> metrics_;
  server::JournalReaders* readers_ = nullptr;
};

// The parameter `limit` of a page: 1 to 1,000, 100 when it is not there.
Result<uint64_t> page_limit(const http::Target& target);

// GET /history: retained events of topics and patterns, page by page. With `readers` the response
// comes later.
std::optional<http::Response> answer_history(server::Hub& hub, server::JournalReaders* readers,
                                             const server::AdminRequest& request);

}  // namespace ringcast::admin
