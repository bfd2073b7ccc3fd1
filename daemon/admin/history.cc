#include <utility>

#include "admin/admin.h"
#include "auth/access.h"
#include "base/json.h"
#include "base/text.h"
#include "server/connection.h"
#include "server/subscribe_handler.h"
#include "sse/blocks.h"

namespace ringcast::admin {

namespace {

using server::problem_for;

void append_event(std::string& out, const sse::Event& event) {
  out += "{\"id\":";
  json::append_string(out, event.id());
  out += ",\"time\":";
  json::append_string(out, sse::format_time(event.time_ms()));
  out += ",\"topics\":[";
  for (const std::string& topic : event.topics()) {
    out += &topic == event.topics().data() ? "" : ",";
    json::append_string(out, topic);
  }
  out += "],\"event\":";
  json::append_string(out, event.type().empty() ? "message" : event.type());
  out += ",\"data\":";
  json::append_string(out, event.data());
  out += ",\"retry\":";
  out += event.retry_ms() ? std::to_string(*event.retry_ms()) : "null";
  out += '}';
}

std::string gap_json(const server::Hub& hub, const server::Hub::Page& page,
                     const std::string& requested) {
  if (!page.gap) {
    return "null";
  }
  std::string out = "{\"requested\":";
  json::append_string(out, is_utf8(requested) ? requested : std::string());
  out += ",\"resumed\":";
  json::append_string(out, hub.position(page.slice.resumed));
  out += ",\"reason\":";
  json::append_string(out, sse::name_of(*page.gap));
  const bool is_exact = page.slice.loss && page.slice.loss->missed &&
                        *page.gap != sse::GapReason::kEpoch &&
                        *page.gap != sse::GapReason::kUnknown;
  out += ",\"missed\":";
  out += is_exact ? std::to_string(*page.slice.loss->missed) : "null";
  return out + "}";
}

http::Response history_page(server::Hub& hub, const server::SubscriptionSpec& spec, uint64_t limit,
                            topics::JournalReader* reader) {
  topics::Interest interest;
  interest.patterns = spec.patterns;
  interest.types = spec.types;
  interest.sees_private = spec.sees_private;
  const Result<server::Hub::Page> page = hub.history(interest, spec.start, limit, reader);
  if (!page) {
    return problem_for(page.error());
  }
  std::string body = "{\"events\":[";
  for (const topics::EventRef& event : page->slice.events) {
    body += &event == page->slice.events.data() ? "" : ",";
    append_event(body, *event);
  }
  body += "],\"gap\":" + gap_json(hub, *page, spec.start.last_event_id) + ",\"next\":";
  body += page->more ? json::quoted(hub.position(page->slice.end)) : "null";
  return {.content_type = "application/json", .body = body + "}\n"};
}

}  // namespace

std::optional<http::Response> answer_history(server::Hub& hub, server::JournalReaders* readers,
                                             const server::AdminRequest& request) {
  if (const Status granted = auth::check_admin(request.identity, "history"); !granted) {
    return problem_for(granted.error());
  }
  const Result<uint64_t> limit = page_limit(request.target);
  if (!limit) {
    return problem_for(limit.error());
  }
  // The same topics, patterns and grants as a subscription's.
  Result<server::SubscriptionSpec> spec =
      server::read_subscription(request.request, request.target, {server::Endpoint::kEvents, {}},
                                request.identity, request.limits, hub.clock().unix_ms());
  if (!spec) {
    return problem_for(spec.error());
  }
  spec->start = {.since = {.kind = topics::Since::Kind::kEarliest}};
  if (const auto after = request.target.parameter("after"); after && !after->empty()) {
    spec->start = {.last_event_id = std::string(*after)};
  }
  if (readers == nullptr) {
    return history_page(hub, *spec, *limit, nullptr);
  }
  readers->submit([&hub, spec = std::move(*spec), limit = *limit,
                   later = request.defer()](topics::JournalReader& reader) {
    later(history_page(hub, spec, limit, &reader));
  });
  return std::nullopt;
}

}  // namespace ringcast::admin
