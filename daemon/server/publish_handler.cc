#include "server/publish_handler.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "server/body_reader.h"
#include "server/draft_reader.h"

namespace ringcast::server {

namespace {

Result<sse::EventFields> fields_of(const http::Target& target) {
  sse::EventFields fields;
  if (target.query.empty()) {
    return fields;
  }
  fields.type = target.parameter("event").value_or("");
  fields.id = target.parameter("id").value_or("");
  if (const auto retry = target.parameter("retry")) {
    fields.retry_ms = parse_uint(*retry);
    if (!fields.retry_ms) {
      return fail(Errc::kInvalid, "must be a whole number of milliseconds", "retry");
    }
  }
  return fields;
}

}  // namespace

Status check_publish_head(const http::Target& target, const Route& route,
                          const auth::Identity& publisher, std::string_view epoch,
                          const mercure::HubTopics* own) {
  if (route.endpoint != Endpoint::kTopic) {
    return Ok{};
  }
  DraftReader drafts(epoch, publisher, own);
  if (Status valid = drafts.check_topic(route.topic); !valid) {
    return valid;
  }
  Result<sse::EventFields> fields = fields_of(target);
  return fields ? sse::check_fields(*fields, epoch) : Status(std::move(fields).failure());
}

Result<std::vector<Draft>> read_publish(const http::Request& request, const http::Target& target,
                                        const Route& route, BodyKind kind,
                                        const auth::Identity& publisher, std::string_view epoch,
                                        json::Reader& reader, const mercure::HubTopics* own) {
  if (kind == BodyKind::kData) {  // Its topic was checked with the head.
    Result<sse::EventFields> fields = fields_of(target);
    if (!fields) {
      return std::move(fields).failure();
    }
    fields->data = request.body;
    if (Status valid = sse::check_fields(*fields, epoch); !valid) {
      return std::move(valid).failure();
    }
    std::vector<Draft> batch(1);
    batch[0].event = sse::Event::encode(*fields, std::vector(1, route.topic));
    return batch;
  }
  DraftReader drafts(epoch, publisher, own);
  if (kind == BodyKind::kEventStream) {
    return read_event_stream(request.body, route.topic, drafts);
  }
  const size_t start = request.body.find_first_not_of(" \t\r\n");
  const bool looks_like_json =
      start != std::string::npos && (request.body[start] == '{' || request.body[start] == '[');
  if (kind == BodyKind::kMaybeJson && !looks_like_json) {
    return fail(Errc::kMediaType,
                "the body does not look like JSON; POST /events takes application/json and "
                "application/x-ndjson",
                "Content-Type");
  }
  return read_json(request.body, drafts, reader);
}

void append_ids(std::string& json, const Receipt& receipt) {
  const auto append = [&](std::string_view name, const std::string& id) {
    json.append(",\"").append(name).append("\":");
    if (id.empty()) {
      json += "null";
    } else {
      json::append_string(json, id);
    }
  };
  append("first_id", receipt.first_id);
  append("last_id", receipt.last_id);
}

http::Response publish_response(const Receipt& receipt, BodyKind kind) {
  if (kind == BodyKind::kForm) {
    return {.content_type = "text/plain; charset=utf-8", .body = receipt.last_id};
  }
  http::Response response{.content_type = "application/json"};
  std::string& body = response.body;
  if (kind == BodyKind::kData) {
    body.reserve(receipt.last_id.size() + 32);
    body += "{\"id\":";
    json::append_string(body, receipt.last_id);
    body += receipt.duplicates > 0 ? ",\"duplicate\":true}\n" : "}\n";
    return response;
  }
  body = "{\"accepted\":" + std::to_string(receipt.accepted) +
         ",\"duplicates\":" + std::to_string(receipt.duplicates);
  append_ids(body, receipt);
  body += "}\n";
  return response;
}

}  // namespace ringcast::server
