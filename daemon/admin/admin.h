#pragma once

#include <functional>
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

  http::Response operator()(const server::AdminRequest& request);

 private:
  http::Response list_topics(const server::AdminRequest& request);
  http::Response show_topic(const server::AdminRequest& request);
  http::Response delete_topic(const server::AdminRequest& request);

  server::Hub& hub_;  // Outlives the workers that call this.
  std::function<std::string()> metrics_;
};

// The parameter `limit` of a page: 1 to 1,000, 100 when it is not there.
Result<uint64_t> page_limit(const http::Target& target);

// GET /history: retained events of topics and patterns, page by page.
http::Response answer_history(server::Hub& hub, const server::AdminRequest& request);

}  // namespace ringcast::admin
