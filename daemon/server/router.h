#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/request.h"
#include "http/target.h"

namespace ringcast::server {

enum class Endpoint { kPage, kEvents, kTopics, kTopic, kHistory, kHealth, kReady, kMetrics };

struct Route {
  Endpoint endpoint = Endpoint::kPage;
  std::string topic;  // kTopic: percent-decoded, not checked yet.
};

// Where a path leads. kNotFound when nowhere, kInvalid on a bad percent escape.
Result<Route> find_route(const http::Target& target, bool page);

// Does it look at the broker, or at its history, rather than publish and subscribe?
[[nodiscard]] bool is_administrative(Endpoint endpoint, const http::Request& request);

// The methods of an endpoint as an Allow header lists them.
[[nodiscard]] std::string_view allowed_methods(Endpoint endpoint);

// kMethodNotAllowed unless the endpoint serves this method.
Status check_method(Endpoint endpoint, http::Method method);

// Does the client ask for a stream? An Accept header with text/event-stream in it.
[[nodiscard]] bool wants_event_stream(const http::Request& request);

}  // namespace ringcast::server
