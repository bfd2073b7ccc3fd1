#include "server/draft_reader.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "base/text.h"
#include "sse/blocks.h"
#include "topics/name.h"

namespace ringcast::server {

namespace {

constexpr size_t kMostTopics = 100;

constexpr std::array<std::string_view, 9> kFieldNames = {
    "topic", "topics", "data", "event", "id", "retry", "key", "comment", "private"};

Status read_string(std::optional<std::string_view>& out, std::string_view name,
                   json::Value& value) {
  Result<std::string_view> text = value.string();
  if (!text) {
    return fail(Errc::kInvalid, "must be a string", std::string(name));
  }
  out = *text;
  return Ok{};
}

}  // namespace

struct DraftReader::Fields {
  std::vector<std::string> topics;
  bool has_topic = false;
  bool has_topics = false;
  std::optional<std::string_view> data;
  std::string minified;  // What `data` shows when it was no string.
  std::optional<std::string_view> type;
  std::optional<std::string_view> id;
  std::optional<std::string_view> key;
  std::optional<std::string_view> comment;
  std::optional<uint64_t> retry_ms;
  bool is_private = false;
  uint32_t seen = 0;  // A bit for each of kFieldNames.
};

Result<Draft> DraftReader::read(json::Value& element) {
  if (element.kind() != json::Value::Kind::kObject) {
    return fail(Errc::kInvalid, "an event is a JSON object");
  }
  Fields fields;
  Status read = element.each_field(
      [&](std::string_view name, json::Value& value) { return read_field(fields, name, value); });
  if (!read) {
    return std::move(read).failure();
  }
  if (fields.has_topic == fields.has_topics) {
    return fail(Errc::kInvalid,
                fields.has_topic ? "`topic` or `topics`, not both" : "`topic` is missing", "topic");
  }
  if (fields.comment.has_value() == fields.data.has_value()) {
    return fail(Errc::kInvalid,
                fields.comment ? "`data` or `comment`, not both" : "`data` is missing", "data");
  }
  if (!fields.comment) {
    return make(std::move(fields.topics),
                {.type = fields.type.value_or(""),
                 .id = fields.id.value_or(""),
                 .retry_ms = fields.retry_ms,
                 .data = *fields.data,
                 .is_private = fields.is_private},
                fields.key.value_or(""));
  }
  if (fields.type || fields.id || fields.key || fields.retry_ms || fields.is_private) {
    return fail(Errc::kInvalid, "a comment has no other fields than its topics", "comment");
  }
  if (Status valid = check_topics(fields.topics); !valid) {
    return std::move(valid).failure();
  }
  return Draft{.comment = std::make_shared<const std::string>(sse::comment_block(*fields.comment)),
               .comment_topics = std::move(fields.topics)};
}

// Which of two fields of one name counts is anybody's guess (RFC 8259 section 4): none does.
Status DraftReader::mark_seen(Fields& fields, std::string_view name) {
  const auto known = std::find(kFieldNames.begin(), kFieldNames.end(), name);
  if (known == kFieldNames.end()) {
    const std::string meant = nearest(name, kFieldNames);
    return fail(Errc::kInvalid,
                "unknown field" + (meant.empty() ? "" : "; did you mean `" + meant + "`?"),
                std::string(name));
  }
  const uint32_t bit = 1U << static_cast<uint32_t>(known - kFieldNames.begin());
  if ((fields.seen & bit) != 0) {
    return fail(Errc::kInvalid, "the field stands there twice", std::string(name));
  }
  fields.seen |= bit;
  return Ok{};
}

Status DraftReader::read_field(Fields& fields, std::string_view name, json::Value& value) {
  if (Status known = mark_seen(fields, name); !known) {
    return known;
  }
  if (name == "topic") {
    fields.has_topic = true;
    std::optional<std::string_view> topic;
    Status read = read_string(topic, name, value);
    if (read) {
      fields.topics.emplace_back(*topic);
    }
    return read;
  }
  if (name == "topics") {
    fields.has_topics = true;
    return read_topics(fields, value);
  }
  if (name == "data") {
    if (value.kind() == json::Value::Kind::kString) {
      return read_string(fields.data, name, value);
    }
    Status read = value.append_minified(fields.minified);
    fields.data = fields.minified;
    return read;
  }
  if (name == "retry") {
    Result<uint64_t> retry_ms = value.whole_number();
    if (!retry_ms) {
      return fail(Errc::kInvalid, "must be a whole number of milliseconds", "retry");
    }
    fields.retry_ms = *retry_ms;
    return Ok{};
  }
  if (name == "private") {
    const Result<bool> is_private = value.boolean();
    if (!is_private) {
      return fail(Errc::kInvalid, "must be true or false", "private");
    }
    fields.is_private = *is_private;
    return Ok{};
  }
  if (name == "event") {
    return read_string(fields.type, name, value);
  }
  if (name == "id") {
    return read_string(fields.id, name, value);
  }
  if (name == "key") {
    return read_string(fields.key, name, value);
  }
  return read_string(fields.comment, name, value);
}

Status DraftReader::read_topics(Fields& fields, json::Value& value) {
  if (value.kind() != json::Value::Kind::kArray) {
    return fail(Errc::kInvalid, "must be an array of strings", "topics");
  }
  return value.each_element([&](json::Value& element) -> Status {
    Result<std::string_view> topic = element.string();
    if (!topic) {
      return fail(Errc::kInvalid, "must be an array of strings", "topics");
    }
    if (fields.topics.size() == kMostTopics) {
      return fail(Errc::kInvalid, "1 to 100 topics", "topics");
    }
    if (std::find(fields.topics.begin(), fields.topics.end(), *topic) == fields.topics.end()) {
      fields.topics.emplace_back(*topic);
    }
    return Ok{};
  });
}

Result<Draft> DraftReader::make(std::vector<std::string> topics, const sse::EventFields& fields,
                                std::string_view key) {
  if (Status valid = check_topics(topics); !valid) {
    return std::move(valid).failure();
  }
  if (Status valid = sse::check_fields(fields, epoch_); !valid) {
    return std::move(valid).failure();
  }
  if (key.size() > kMostKeyBytes) {
    return fail(Errc::kInvalid, "an idempotency key has at most 128 bytes", "key");
  }
  return Draft{.event = sse::Event::encode(fields, std::move(topics)), .key = std::string(key)};
}

Status DraftReader::check_topics(const std::vector<std::string>& topics) const {
  if (topics.empty() || topics.size() > kMostTopics) {
    return fail(Errc::kInvalid, "1 to 100 topics", "topics");
  }
  for (const std::string& topic : topics) {
    if (Status valid = check_topic(topic); !valid) {
      return valid;
    }
  }
  return Ok{};
}

Status DraftReader::check_topic(const std::string& topic) const {
  if (Status valid = topics::check_topic(topic); !valid) {
    return valid;
  }
  if (topics::is_reserved(topic)) {
    return fail(Errc::kForbidden, "topics that start with $ belong to the broker", "topic");
  }
  if (own_ != nullptr && own_->contains(topic)) {
    return fail(Errc::kForbidden,
                "topics below the Mercure hub belong to it: nobody publishes there", "topic");
  }
  return auth::check_publish(publisher_, topic);
}

}  // namespace ringcast::server
