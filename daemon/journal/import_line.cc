#include "journal/import_line.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "topics/name.h"
#include "topics/start.h"

namespace ringcast::journal {

namespace {

constexpr size_t kMostTopics = 100;  // As in "publish many".

constexpr std::array<std::string_view, 9> kFieldNames = {"seq", "time",  "topic", "topics", "event",
                                                         "id",  "retry", "data",  "private"};

Result<int64_t> read_time(std::string_view text) {
  constexpr size_t kShortest = 20;  // 2026-01-02T03:04:05Z: not an age, nor a number.
  const auto since = topics::parse_since(text, 0);
  if (text.size() < kShortest || text[4] != '-' || !since ||
      since->kind != topics::Since::Kind::kTime) {
    return fail(Errc::kInvalid, "must be a time such as 2026-01-02T03:04:05.678Z", "time");
  }
  return since->unix_ms;
}

Status add_topic(std::vector<std::string>& topics, std::string_view topic) {
  if (Status valid = topics::check_topic(topic); !valid) {
    return valid;
  }
  if (topics::is_reserved(topic)) {
    return fail(Errc::kInvalid, "topics that start with $ belong to the broker", "topic");
  }
  if (topics.size() == kMostTopics) {
    return fail(Errc::kInvalid, "1 to 100 topics", "topics");
  }
  if (std::find(topics.begin(), topics.end(), topic) == topics.end()) {
    topics.emplace_back(topic);
  }
  return Ok{};
}

}  // namespace

struct ImportLineReader::Fields {
  uint32_t seen = 0;  // A bit for each of kFieldNames.
  std::optional<int64_t> time_ms;
  std::vector<std::string> topics;
  std::string_view type;
  std::string_view id;
  std::optional<uint64_t> retry_ms;
  std::string_view data;
  bool is_private = false;
  std::string minified;  // What `data` shows when it was no string.

  [[nodiscard]] bool has(std::string_view name) const { return (seen & bit_of(name)) != 0; }
  static uint32_t bit_of(std::string_view name) {
    return 1U << static_cast<uint32_t>(std::find(kFieldNames.begin(), kFieldNames.end(), name) -
                                       kFieldNames.begin());
  }
};

Result<ImportedLine> ImportLineReader::read(std::string_view line) {
  ImportedLine result;
  Status done = reader_.read(line, [&](json::Value& root) -> Status {
    if (root.kind() != json::Value::Kind::kObject) {
      return fail(Errc::kInvalid, "an event is a JSON object");
    }
    Fields fields;
    Status read = root.each_field([&fields](std::string_view name, json::Value& value) {
      return read_field(fields, name, value);
    });
    if (!read) {
      return read;
    }
    auto made = make(fields);
    if (!made) {
      return std::move(made).failure();
    }
    result = std::move(*made);
    return Ok{};
  });
  return done ? Result<ImportedLine>(std::move(result)) : std::move(done).failure();
}

Status ImportLineReader::read_field(Fields& fields, std::string_view name, json::Value& value) {
  if (std::find(kFieldNames.begin(), kFieldNames.end(), name) == kFieldNames.end()) {
    const std::string meant = nearest(name, kFieldNames);
    return fail(Errc::kInvalid,
                "unknown field" + (meant.empty() ? "" : "; did you mean `" + meant + "`?"),
                std::string(name));
  }
  if (fields.has(name)) {
    return fail(Errc::kInvalid, "the field stands there twice", std::string(name));
  }
  fields.seen |= Fields::bit_of(name);
  if (name == "seq" || name == "retry") {
    auto number = value.whole_number();
    if (!number) {
      return fail(Errc::kInvalid, "must be a whole number", std::string(name));
    }
    fields.retry_ms = name == "retry" ? std::optional(*number) : fields.retry_ms;
    return Ok{};
  }
  if (name == "private") {
    auto is_private = value.boolean();
    if (!is_private) {
      return fail(Errc::kInvalid, "must be true or false", "private");
    }
    fields.is_private = *is_private;
    return Ok{};
  }
  if (name == "topics") {
    if (value.kind() != json::Value::Kind::kArray) {
      return fail(Errc::kInvalid, "must be an array of strings", "topics");
    }
    return value.each_element([&fields](json::Value& element) -> Status {
      auto topic = element.string();
      return topic ? add_topic(fields.topics, *topic)
                   : fail(Errc::kInvalid, "must be an array of strings", "topics");
    });
  }
  if (name == "data" && value.kind() != json::Value::Kind::kString) {
    Status read = value.append_minified(fields.minified);
    fields.data = fields.minified;
    return read;
  }
  auto text = value.string();
  if (!text) {
    return fail(Errc::kInvalid, "must be a string", std::string(name));
  }
  if (name == "topic") {
    return add_topic(fields.topics, *text);
  }
  if (name == "time") {
    auto time_ms = read_time(*text);
    if (!time_ms) {
      return std::move(time_ms).failure();
    }
    fields.time_ms = *time_ms;
    return Ok{};
  }
  (name == "data" ? fields.data : name == "id" ? fields.id : fields.type) = *text;
  return Ok{};
}

Result<ImportedLine> ImportLineReader::make(Fields& fields) const {
  if (fields.has("topic") == fields.has("topics")) {
    return fail(Errc::kInvalid,
                fields.has("topic") ? "`topic` or `topics`, not both" : "`topics` is missing",
                "topics");
  }
  if (fields.topics.empty()) {
    return fail(Errc::kInvalid, "1 to 100 topics", "topics");
  }
  if (!fields.has("data")) {
    return fail(Errc::kInvalid, "`data` is missing", "data");
  }
  const sse::EventFields checked{.type = fields.type,
                                 .id = fields.id,
                                 .retry_ms = fields.retry_ms,
                                 .data = fields.data,
                                 .is_private = fields.is_private};
  if (Status valid = sse::check_fields(checked, epoch_); !valid) {
    return std::move(valid).failure();
  }
  return ImportedLine{.time_ms = fields.time_ms,
                      .event = sse::Event::encode(checked, std::move(fields.topics))};
}

}  // namespace ringcast::journal
