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
  const std::string_view start = trim(std::string_view(request.body).substr(0, 256));
  if (media_type(request) != "application/json" && !start.starts_with('{') &&
      !start.starts_with('[')) {
    return fail(Errc::kMediaType,
                "the body does not look like JSON; POST /events takes application/json and "
                "application/x-ndjson",
                "Content-Type");
  }
  return read_json(request.body, drafts, reader);
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

NdjsonIngest::State NdjsonIngest::advance(Hub& hub, json::Reader& reader, uint32_t by_worker) {
  for (;;) {
    if (batch_.empty() && !error_) {
      gather(reader);
    }
    if (batch_.empty()) {
      if (taken_ > 0) {
        text_.erase(0, taken_);
        taken_ = 0;
      }
      return error_ || at_end_ ? State::kDone : State::kMore;
    }
    if (const State state = publish(hub, by_worker); state != State::kMore) {
      return state;
    }
  }
}

bool NdjsonIngest::next_line(std::string_view& line) {
  const std::string_view rest = std::string_view(text_).substr(taken_);
  const size_t end = rest.find('\n');
  if (end == std::string_view::npos && (!at_end_ || rest.empty())) {
    if (rest.size() > line_limit_) {
      ++line_;
      fail_with({.code = Errc::kTooLarge, .detail = "the line is longer than limits.body"});
    }
    return false;
  }
  line = rest.substr(0, end);
  taken_ += end == std::string_view::npos ? rest.size() : end + 1;
  ++line_;
  return true;
}

// Reads lines up to a batch's worth, so that the hub's lock is taken once for many.
void NdjsonIngest::gather(json::Reader& reader) {
  constexpr size_t kBatch = 256;
  DraftReader drafts(epoch_, grants_);
  std::string_view line;
  while (batch_.size() < kBatch && !error_ && next_line(line)) {
    line = trim(line.substr(0, line.find_last_not_of('\r') + 1));
    if (line.empty()) {
      continue;
    }
    if (line.size() > line_limit_) {
      fail_with({.code = Errc::kTooLarge, .detail = "the line is longer than limits.body"});
      return;
    }
    Status read = reader.read(line, [&](json::Value& root) -> Status {
      Result<Draft> draft = drafts.read(root);
      if (!draft) {
        return std::move(draft).failure();
      }
      batch_.push_back(std::move(*draft));
      batch_lines_.push_back(line_);
      return Ok{};
    });
    if (!read) {
      // The reader may find what follows the object wrong after the draft was made.
      if (!batch_lines_.empty() && batch_lines_.back() == line_) {
        batch_.pop_back();
        batch_lines_.pop_back();
      }
      fail_with(std::move(read).failure().error);
    }
  }
}

NdjsonIngest::State NdjsonIngest::publish(Hub& hub, uint32_t by_worker) {
  Result<Receipt> receipt = hub.publish(batch_, {}, by_worker);
  if (!receipt && receipt.error().code == Errc::kOverloaded && batch_.size() > 1) {
    receipt = publish_singly(hub, by_worker);
  }
  if (!receipt && receipt.error().code == Errc::kBehind) {
    return State::kBehind;
  }
  if (!receipt) {
    line_ = batch_lines_.front();
    error_.reset();  // What was wrong further down does not matter any more.
    fail_with(std::move(receipt).failure().error);
  } else {
    add(*receipt);
  }
  batch_.clear();
  batch_lines_.clear();
  return error_ ? State::kDone : State::kMore;
}

// All or nothing is the batch's rule, not the request's: finds the line that does not fit. What was
// stored leaves the batch.
Result<Receipt> NdjsonIngest::publish_singly(Hub& hub, uint32_t by_worker) {
  std::vector<Draft> one(1);
  while (!batch_.empty()) {
    one[0] = std::move(batch_.front());
    Result<Receipt> receipt = hub.publish(one, {}, by_worker);
    if (!receipt) {
      batch_.front() = std::move(one[0]);
      return receipt;
    }
    add(*receipt);
    batch_.erase(batch_.begin());
    batch_lines_.erase(batch_lines_.begin());
  }
  return Receipt{};
}

void NdjsonIngest::add(const Receipt& receipt) {
  total_.accepted += receipt.accepted;
  total_.duplicates += receipt.duplicates;
  if (total_.first_id.empty()) {
    total_.first_id = receipt.first_id;
  }
  if (!receipt.last_id.empty()) {
    total_.last_id = receipt.last_id;
  }
}

void NdjsonIngest::fail_with(Error error) {
  if (!error_) {
    error.line = static_cast<int64_t>(line_);
    error_ = std::move(error);
  }
}

http::Response NdjsonIngest::response() const {
  if (!error_) {
    return publish_response(total_, BodyKind::kNdjson);
  }
  http::Response response = http::problem(*error_);
  std::string accepted = ",\"accepted\":" + std::to_string(total_.accepted);
  append_ids(accepted, total_);
  response.body.insert(response.body.rfind('}'), accepted);
  return response;
}

}  // namespace ringcast::server
