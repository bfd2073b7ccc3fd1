#include "server/router.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace ringcast::server {

namespace {

constexpr std::string_view kTopicPrefix = "/topics/";

constexpr std::array<std::pair<std::string_view, Endpoint>, 7> kFixed = {{
    {"/", Endpoint::kPage},
    {"/events", Endpoint::kEvents},
    {"/topics", Endpoint::kTopics},
    {"/history", Endpoint::kHistory},
    {"/healthz", Endpoint::kHealth},
    {"/readyz", Endpoint::kReady},
    {"/metrics", Endpoint::kMetrics},
}};

}  // namespace

Result<Route> find_route(const http::Target& target, bool page) {
  if (target.path.starts_with(kTopicPrefix)) {
    auto topic = http::percent_decode(std::string_view(target.path).substr(kTopicPrefix.size()));
    if (!topic) {
      return std::move(topic).failure();
    }
    return Route{Endpoint::kTopic, std::move(*topic)};
  }
  for (const auto& [path, endpoint] : kFixed) {
    if (target.path == path && (endpoint != Endpoint::kPage || page)) {
      return Route{endpoint, {}};
    }
  }
  return fail(Errc::kNotFound, "no such route: " + target.path);
}

std::string_view allowed_methods(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kEvents:
      return "GET, HEAD, POST, OPTIONS";
    case Endpoint::kTopic:
      return "GET, HEAD, POST, PUT, DELETE, OPTIONS";
    case Endpoint::kPage:
    case Endpoint::kTopics:
    case Endpoint::kHistory:
    case Endpoint::kHealth:
    case Endpoint::kReady:
    case Endpoint::kMetrics:
      break;
  }
  return "GET, HEAD, OPTIONS";
}

bool is_administrative(Endpoint endpoint, const http::Request& request) {
  const bool is_read =
      request.method == http::Method::kGet || request.method == http::Method::kHead;
  return endpoint == Endpoint::kTopics || endpoint == Endpoint::kHistory ||
         endpoint == Endpoint::kMetrics || request.method == http::Method::kDelete ||
         (endpoint == Endpoint::kTopic && is_read && !wants_event_stream(request));
}

Status check_method(Endpoint endpoint, http::Method method) {
  const std::string_view allowed = allowed_methods(endpoint);
  const std::string_view name = http::name_of(method);
  if (!name.empty() && allowed.find(name) != std::string_view::npos) {
    return Ok{};
  }
  return fail(Errc::kMethodNotAllowed, std::string(name.empty() ? "this method" : name) +
                                           " is not served here, only " + std::string(allowed));
}

bool wants_event_stream(const http::Request& request) {
  return to_lower(request.header("accept")).find("text/event-stream") != std::string::npos;
}

}  // namespace ringcast::server
