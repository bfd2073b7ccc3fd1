#include "server/subscribe_handler.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "topics/name.h"

namespace ringcast::server {

namespace {

// EventSource cannot set the header on its first connection, so that several libraries use the
// query, each with its own spelling.
constexpr std::array<std::string_view, 4> kIdParameters = {"last_event_id", "lastEventId",
                                                           "lastEventID", "last-event-id"};

Result<bool> read_flag(const http::Target& target, std::string_view name) {
  const auto value = target.parameter(name);
  if (!value || *value == "false") {
    return false;
  }
  if (*value == "true" || value->empty()) {
    return true;
  }
  return fail(Errc::kInvalid, "must be true or false", std::string(name));
}

void sort_unique(std::vector<std::string>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

Status read_patterns(const http::Target& target, const Route& route, const auth::Identity& reader,
                     uint64_t most, std::vector<std::string>& patterns) {
  if (route.endpoint == Endpoint::kTopic) {
    if (Status valid = topics::check_topic(route.topic); !valid) {
      return valid;
    }
    patterns.push_back(route.topic);
  } else {
    for (const auto& [name, value] : target.query) {
      if (name == "topic") {
        patterns.push_back(value);
      }
    }
  }
  if (patterns.empty()) {
    return fail(Errc::kInvalid, "name at least one topic, as in ?topic=...", "topic");
  }
  if (patterns.size() > most) {
    return fail(Errc::kInvalid,
                std::to_string(patterns.size()) + " topics; limits.topics_per_subscription is " +
                    std::to_string(most),
                "topic");
  }
  for (const std::string& pattern : patterns) {
    if (Status valid = topics::check_pattern(pattern); !valid) {
      return valid;
    }
    if (Status allowed = auth::check_subscribe(reader, pattern); !allowed) {
      return allowed;
    }
  }
  sort_unique(patterns);
  return Ok{};
}

}  // namespace

std::string last_event_id(const http::Request& request, const http::Target& target) {
  // The header wins: on a reconnect it is fresher than the URL.
  if (const std::string_view header = request.header("last-event-id"); !header.empty()) {
    return std::string(header);
  }
  for (const std::string_view name : kIdParameters) {
    if (const auto value = target.parameter(name); value && !value->empty()) {
      return std::string(*value);
    }
  }
  return {};
}

Result<SubscriptionSpec> read_subscription(const http::Request& request, const http::Target& target,
                                           const Route& route, const auth::Identity& reader,
                                           const Limits& limits, int64_t now_unix_ms) {
  SubscriptionSpec spec;
  if (Status valid =
          read_patterns(target, route, reader, limits.topics_per_subscription, spec.patterns);
      !valid) {
    return std::move(valid).failure();
  }
  for (const auto& [name, value] : target.query) {
    if (name == "event") {
      spec.types.push_back(value);
    }
  }
  if (spec.types.size() > limits.topics_per_subscription) {
    return fail(Errc::kInvalid, "too many event types", "event");
  }
  sort_unique(spec.types);
  spec.sees_private = !reader.is_anonymous();
  const Result<bool> envelope = read_flag(target, "envelope");
  const Result<bool> padding = read_flag(target, "padding");
  if (!envelope || !padding) {
    return fail(Errc::kInvalid, "must be true or false", !envelope ? "envelope" : "padding");
  }
  spec.rendering.envelope = *envelope;
  spec.padding = *padding;
  if (const auto most = target.parameter("max_data")) {
    const auto bytes = parse_uint(*most);
    if (!bytes) {
      return fail(Errc::kInvalid, "must be a number of bytes", "max_data");
    }
    spec.rendering.max_data = *bytes;
  }
  spec.start.last_event_id = last_event_id(request, target);
  if (const auto since = target.parameter("since"); since && spec.start.last_event_id.empty()) {
    Result<topics::Since> place = topics::parse_since(*since, now_unix_ms);
    if (!place) {
      return std::move(place).failure();
    }
    spec.start.since = *place;
  }
  return spec;
}

std::string stream_head(const Headers& cors) {
  std::string head =
      "HTTP/1.1 200 OK\r\n"
      "Content-Type: text/event-stream\r\n"
      "Cache-Control: no-store, no-transform\r\n"
      "X-Accel-Buffering: no\r\n"
      "Connection: close\r\n";
  for (const auto& [name, value] : cors) {
    head.append(name).append(": ").append(value).append("\r\n");
  }
  return head.append("\r\n");
}

}  // namespace ringcast::server
