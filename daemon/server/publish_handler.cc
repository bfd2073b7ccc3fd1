#include "server/publish_handler.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "server/draft_reader.h"
#include "sse/stream_parser.h"

namespace ringcast::server {

namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

std::string media_type(const http::Request& head) {
  const std::string_view type = head.header("content-type");
  return to_lower(trim(type.substr(0, type.find(';'))));
}

Result<sse::EventFields> fields_of(const http::Target& target) {
  sse::EventFields fields;
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

Failure at_index(Failure failure, size_t index) {
  failure.error.index = static_cast<int64_t>(index);
  return failure;
}

Result<std::vector<Draft>> read_json(std::string_view body, DraftReader& drafts,
                                     json::Reader& reader) {
  std::vector<Draft> batch;
  Status read = reader.read(body, [&](json::Value& root) -> Status {
    if (root.kind() != json::Value::Kind::kArray) {
      Result<Draft> draft = drafts.read(root);
      if (!draft) {
        return std::move(draft).failure();
      }
      batch.push_back(std::move(*draft));
      return Ok{};
    }
    return root.each_element([&](json::Value& element) -> Status {
      Result<Draft> draft = drafts.read(element);
      if (!draft) {
        return at_index(std::move(draft).failure(), batch.size());
      }
      batch.push_back(std::move(*draft));
      return Ok{};
    });
  });
  if (!read) {
    return std::move(read).failure();
  }
  return batch;
}

Result<std::vector<Draft>> read_event_stream(std::string_view body, const std::string& topic,
                                             DraftReader& drafts) {
  std::vector<Draft> batch;
  const auto sink = [&](sse::Block&& block) -> Status {
    if (!block.data) {
      return Ok{};
    }
    Result<Draft> draft = drafts.make({topic},
                                      {.type = block.event ? *block.event : std::string_view(),
                                       .id = block.id ? *block.id : std::string_view(),
                                       .retry_ms = block.retry_ms,
                                       .data = *block.data},
                                      {});
    if (!draft) {
      return at_index(std::move(draft).failure(), batch.size());
    }
    batch.push_back(std::move(*draft));
    return Ok{};
  };
  sse::StreamParser parser(body.size() + 1);
  Status read = parser.feed(body, sink);
  if (read) {
    read = parser.finish(sink);
  }
  if (!read) {
    return std::move(read).failure();
  }
  return batch;
}

}  // namespace

Result<BodyKind> body_kind(const http::Request& head, const Route& route) {
  const std::string type = media_type(head);
  if (route.endpoint == Endpoint::kTopic) {
    return type == "text/event-stream" ? BodyKind::kEventStream : BodyKind::kData;
  }
  if (type.empty() || type == kFormType || type == "application/json") {
    return BodyKind::kJson;
  }
  if (type == "application/x-ndjson" || type == "application/ndjson") {
    return BodyKind::kNdjson;
  }
  return fail(Errc::kMediaType,
              type + ": POST /events takes application/json and application/x-ndjson",
              "Content-Type");
}

Status check_publish_head(const http::Target& target, const Route& route,
                          const auth::Grants& grants, std::string_view epoch) {
  if (route.endpoint != Endpoint::kTopic) {
    return Ok{};
  }
  DraftReader drafts(epoch, grants);
  if (Status valid = drafts.check_topics({route.topic}); !valid) {
    return valid;
  }
  Result<sse::EventFields> fields = fields_of(target);
  return fields ? sse::check_fields(*fields, epoch) : Status(std::move(fields).failure());
}

Result<std::string> request_key(const http::Request& request, const Route& route, BodyKind kind) {
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
  return IdempotencyKeys::scoped({}, topics, key);
}

Result<std::vector<Draft>> read_publish(const http::Request& request, const http::Target& target,
                                        const Route& route, BodyKind kind,
                                        const auth::Grants& grants, std::string_view epoch,
                                        json::Reader& reader) {
  DraftReader drafts(epoch, grants);
  if (kind == BodyKind::kData) {
    Result<sse::EventFields> fields = fields_of(target);
    if (!fields) {
      return std::move(fields).failure();
    }
    fields->data = request.body;
    Result<Draft> draft = drafts.make({route.topic}, *fields, {});
    if (!draft) {
      return std::move(draft).failure();
    }
    std::vector<Draft> batch;
    batch.push_back(std::move(*draft));
    return batch;
  }
  if (kind == BodyKind::kEventStream) {
    return read_event_stream(request.body, route.topic, drafts);
  }
  const size_t start = request.body.find_first_not_of(" \t\r\n");
  const bool looks_like_json = start != std::string::npos &&
                               (request.body[start] == '{' || request.body[start] == '[');
  if (media_type(request) != "application/json" && !looks_like_json) {
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
  http::Response response{.content_type = "application/json"};
  if (kind == BodyKind::kData) {
    response.body = "{\"id\":";
    json::append_string(response.body, receipt.last_id);
    response.body += receipt.duplicates > 0 ? ",\"duplicate\":true}\n" : "}\n";
    return response;
  }
  response.body = "{\"accepted\":" + std::to_string(receipt.accepted) +
                  ",\"duplicates\":" + std::to_string(receipt.duplicates);
  append_ids(response.body, receipt);
  response.body += "}\n";
  return response;
}

}  // namespace ringcast::server
