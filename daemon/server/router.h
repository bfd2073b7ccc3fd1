#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/request.h"
#include "http/target.h"

namespace ringcast::server {

enum class Endpoint {
  kPage,
  kEvents,
  kTopics,
  kTopic,
  kHistory,
  kHealth,
  kReady,
  kMetrics,
  kDashboard,
  kMercure,
  kMercureSubscriptions,
  kMercureMetadata
};

// Which of those that can be switched off are served.
struct Pages {
  bool page = true;       // At "/".
  bool dashboard = true;  // At "/admin/".
  // Where the Mercure protocol is spoken; empty: nowhere.
  std::string_view mercure = {};
  bool mercure_subscriptions = false;  // Below it, at kSubscriptionsPath.
  bool mercure_metadata = false;       // Of the hub as a protected resource: RFC 9728.
};

// Below the path of the Mercure protocol.
inline constexpr std::string_view kSubscriptionsPath = "/subscriptions";

struct Route {
  Endpoint endpoint = Endpoint::kPage;
  std::string topic;         // kTopic: percent-decoded, not checked yet.
  std::string file;          // kDashboard: what follows "/admin/".
  std::string below;         // kMercureSubscriptions: what follows kSubscriptionsPath, as it came.
  bool lacks_slash = false;  // kDashboard: it was "/admin".
};

// Where a path leads. kNotFound when nowhere, kInvalid on a bad percent escape.
Result<Route> find_route(const http::Target& target, Pages pages);

// Does it look at the broker, or at its history, rather than publish and subscribe?
[[nodiscard]] bool is_administrative(Endpoint endpoint, const http::Request& request);

// Does it ask for a stream of nothing but what the broker tells of itself, in topics that start
// with
// "$"? Operators read it where they look at the broker, too.
[[nodiscard]] bool reads_broker(const Route& route, const http::Request& request,
                                const http::Target& target);

// The methods of an endpoint as an Allow header lists them.
[[nodiscard]] std::string_view allowed_methods(Endpoint endpoint);

// kMethodNotAllowed unless the endpoint serves this method.
Status check_method(Endpoint endpoint, http::Method method);

// Is it a document of the Mercure hub?
[[nodiscard]] inline bool is_mercure_document(Endpoint endpoint) {
  return endpoint == Endpoint::kMercureSubscriptions || endpoint == Endpoint::kMercureMetadata;
}

// Does it ask for a stream, whatever else it accepts?
[[nodiscard]] bool asks_for_stream(const Route& route, const http::Request& request);

// Does the client ask for a stream? An Accept header with text/event-stream in it.
[[nodiscard]] bool wants_event_stream(const http::Request& request);

}  // namespace ringcast::server
