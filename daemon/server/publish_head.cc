// What the head of a publish says of its body.
#include <utility>

#include "base/text.h"
#include "server/draft_reader.h"
#include "server/publish_handler.h"

namespace ringcast::server {

namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

std::string_view media_type(const http::Request& head) {
  const std::string_view type = head.header("content-type");
  return trim(type.substr(0, type.find(';')));
}

}  // namespace

Result<BodyKind> body_kind(const http::Request& head, const Route& route) {
  const std::string_view type = media_type(head);
  const auto is = [type](std::string_view known) { return equals_ignoring_case(type, known); };
  if (route.endpoint == Endpoint::kMercure) {
    return is(kFormType)
               ? Result(BodyKind::kForm)
               : fail(Errc::kMediaType, "must be " + std::string(kFormType), "Content-Type");
  }
  if (route.endpoint == Endpoint::kTopic) {
    return is("text/event-stream") ? BodyKind::kEventStream : BodyKind::kData;
  }
  if (is("application/json")) {
    return BodyKind::kJson;
  }
  if (type.empty() || is(kFormType)) {
    return BodyKind::kMaybeJson;
  }
  if (is("application/x-ndjson") || is("application/ndjson")) {
    return BodyKind::kNdjson;
  }
  return fail(Errc::kMediaType,
              to_lower(type) + ": POST /events takes application/json and application/x-ndjson",
              "Content-Type");
}

Result<std::string> request_key(const http::Request& request, const Route& route, BodyKind kind,
                                std::string_view who) {
  const std::string_view key = request.header("idempotency-key");
  if (key.empty()) {
    return std::string();
  }
  if (kind == BodyKind::kNdjson) {
    return fail(Errc::kInvalid, "with NDJSON every line has its own `key`", "Idempotency-Key");
  }
  if (key.size() > kMostKeyBytes) {
    return fail(Errc::kInvalid, "an idempotency key has at most 128 bytes", "Idempotency-Key");
  }
  std::vector<std::string> topics;
  if (route.endpoint == Endpoint::kTopic) {
    topics.push_back(route.topic);
  }
  return IdempotencyKeys::scoped(who, topics, key);
}

}  // namespace ringcast::server
