#include "server/router.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"
#include "topics/name.h"

namespace ringcast::server {

namespace {

constexpr std::string_view kTopicPrefix = "/topics/";
constexpr std::string_view kDashboardPrefix = "/admin/";
// Its document is at this path before the resource's (RFC 9728 section 3.1).
constexpr std::string_view kMetadata = "/.well-known/oauth-protected-resource";

constexpr std::array<std::pair<std::string_view, Endpoint>, 7> kFixed = {{
    {"/", Endpoint::kPage},
    {"/events", Endpoint::kEvents},
    {"/topics", Endpoint::kTopics},
    {"/history", Endpoint::kHistory},
    {"/healthz", Endpoint::kHealth},
    {"/readyz", Endpoint::kReady},
    {"/metrics", Endpoint::kMetrics},
}};

std::optional<Route> find_mercure(std::string_view path, const Pages& pages) {
  if (pages.mercure_metadata && path.starts_with(kMetadata) &&
      path.substr(kMetadata.size()) == pages.mercure) {
    return Route{.endpoint = Endpoint::kMercureMetadata};
  }
  if (pages.mercure.empty() || !path.starts_with(pages.mercure)) {
    return std::nullopt;
  }
  path.remove_prefix(pages.mercure.size());
  if (path.empty()) {
    return Route{.endpoint = Endpoint::kMercure};
  }
  if (!pages.mercure_subscriptions || !path.starts_with(kSubscriptionsPath)) {
    return std::nullopt;
  }
  path.remove_prefix(kSubscriptionsPath.size());
  if (!path.empty() && path.front() != '/') {
    return std::nullopt;
  }
  return Route{.endpoint = Endpoint::kMercureSubscriptions, .below = std::string(path)};
}

}  // namespace

Result<Route> find_route(const http::Target& target, Pages pages) {
  if (target.path.starts_with(kTopicPrefix)) {
    auto topic = http::percent_decode(std::string_view(target.path).substr(kTopicPrefix.size()));
    if (!topic) {
      return std::move(topic).failure();
    }
    return Route{.endpoint = Endpoint::kTopic, .topic = std::move(*topic)};
  }
  if (pages.dashboard && target.path == kDashboardPrefix.substr(0, kDashboardPrefix.size() - 1)) {
    return Route{.endpoint = Endpoint::kDashboard, .lacks_slash = true};
  }
  if (pages.dashboard && target.path.starts_with(kDashboardPrefix)) {
    return Route{.endpoint = Endpoint::kDashboard,
                 .file = target.path.substr(kDashboardPrefix.size())};
  }
  if (auto route = find_mercure(target.path, pages)) {
    return *std::move(route);
  }
  for (const auto& [path, endpoint] : kFixed) {
    if (target.path == path && (endpoint != Endpoint::kPage || pages.page)) {
      return Route{.endpoint = endpoint};
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
    case Endpoint::kMercure:
      return "GET, HEAD, POST, OPTIONS";
    case Endpoint::kPage:
    case Endpoint::kTopics:
    case Endpoint::kHistory:
    case Endpoint::kHealth:
    case Endpoint::kReady:
    case Endpoint::kMetrics:
    case Endpoint::kDashboard:
    case Endpoint::kMercureSubscriptions:
    case Endpoint::kMercureMetadata:
      break;
  }
  return "GET, HEAD, OPTIONS";
}

bool is_administrative(Endpoint endpoint, const http::Request& request) {
  const bool is_read =
      request.method == http::Method::kGet || request.method == http::Method::kHead;
  return endpoint == Endpoint::kTopics || endpoint == Endpoint::kHistory ||
         endpoint == Endpoint::kMetrics || endpoint == Endpoint::kDashboard ||
         request.method == http::Method::kDelete ||
         (endpoint == Endpoint::kTopic && is_read && !wants_event_stream(request));
}

bool reads_broker(const Route& route, const http::Request& request, const http::Target& target) {
  if (request.method != http::Method::kGet && request.method != http::Method::kHead) {
    return false;
  }
  if (route.endpoint == Endpoint::kTopic) {
    return topics::is_reserved(route.topic) && wants_event_stream(request);
  }
  const auto is_topic = [](const auto& parameter) { return parameter.first == "topic"; };
  return route.endpoint == Endpoint::kEvents &&
         std::any_of(target.query.begin(), target.query.end(), is_topic) &&
         std::all_of(target.query.begin(), target.query.end(), [&](const auto& parameter) {
           return !is_topic(parameter) || topics::is_reserved(parameter.second);
         });
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

bool asks_for_stream(const Route& route, const http::Request& request) {
  if (request.method != http::Method::kGet && request.method != http::Method::kHead) {
    return false;
  }
  return route.endpoint == Endpoint::kEvents || route.endpoint == Endpoint::kMercure ||
         (route.endpoint == Endpoint::kTopic && wants_event_stream(request));
}

bool wants_event_stream(const http::Request& request) {
  return to_lower(request.header("accept")).find("text/event-stream") != std::string::npos;
}

}  // namespace ringcast::server
