#include "webhooks/element.h"

#include <utility>

#include "server/presence.h"
#include "sse/blocks.h"

namespace ringcast::webhooks {

namespace {

// A JSON object with a field more in front.
std::string with_kind(std::string_view kind, std::string_view object) {
  std::string json = "{\"kind\":";
  json::append_string(json, kind);
  return json.append(",").append(object.substr(1));
}

// Quotes inside of strings are escaped, so that this is found only where it is the member.
bool is_of_presence(std::string_view envelope) {
  static const std::string member = "\"topic\":\"" + std::string(server::kPresencePrefix);
  return envelope.find(member) != std::string_view::npos;
}

std::optional<Element> presence_of(const sse::Block& block, json::Reader& reader) {
  std::string id;
  std::string data;
  const Status read = reader.read(*block.data, [&](json::Value& root) {
    return root.each_field([&](std::string_view name, json::Value& value) -> Status {
      std::string* const into = name == "id" ? &id : name == "data" ? &data : nullptr;
      if (into == nullptr) {
        return Ok{};
      }
      auto text = value.string();
      if (!text) {
        return std::move(text).failure();
      }
      *into = *text;
      return Ok{};
    });
  });
  if (!read || data.size() < 2) {
    return std::nullopt;
  }
  const bool is_join = block.event == "join";
  const std::string with_id = "{\"id\":" + json::quoted(id) + "," + data.substr(1);
  return Element{.kind = is_join ? Kind::kJoin : Kind::kLeave,
                 .json = with_kind(is_join ? "join" : "leave", with_id)};
}

std::optional<uint64_t> missed_of(const std::string& gap, json::Reader& reader) {
  std::optional<uint64_t> missed;
  (void)reader.read(gap, [&](json::Value& root) {
    return root.each_field([&](std::string_view name, json::Value& value) -> Status {
      if (name != "missed" || value.kind() != json::Value::Kind::kNumber) {
        return Ok{};
      }
      if (const auto number = value.whole_number()) {
        missed = *number;
      }
      return Ok{};
    });
  });
  return missed;
}

}  // namespace

std::optional<Element> element_of(const sse::Block& block, json::Reader& reader) {
  if (!block.data || block.data->empty()) {
    return std::nullopt;
  }
  if (block.event == "ringcast.gap") {
    return Element{.kind = Kind::kGap,
                   .json = with_kind("gap", *block.data),
                   .missed = missed_of(*block.data, reader)};
  }
  if (block.event == "ringcast.oversize") {
    const std::string id = "{\"id\":" + json::quoted(block.id.value_or("")) + ",";
    return Element{.kind = Kind::kOversize,
                   .json = with_kind("oversize", id + block.data->substr(1))};
  }
  if (is_of_presence(*block.data)) {
    return presence_of(block, reader);
  }
  return Element{.kind = Kind::kPublish, .json = with_kind("publish", *block.data)};
}

std::string undelivered_json(std::optional<uint64_t> missed) {
  return R"({"kind":"gap","reason":"undelivered","missed":)" +
         (missed ? std::to_string(*missed) : std::string("null")) + "}";
}

std::string start_json(int64_t unix_ms) {
  return R"({"kind":"start","time":)" + json::quoted(sse::format_time(unix_ms)) + "}";
}

}  // namespace ringcast::webhooks
