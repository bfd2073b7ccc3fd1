#include "cli/event_encoder.h"

#include "base/text.h"

namespace ringcast::cli {

EventEncoder::EventEncoder(const PublishOptions& options) : options_(options) {
  head_ = R"({"topic":)" + json::quoted(options.topic);
  if (!options.event.empty()) {
    head_ += R"(,"event":)" + json::quoted(options.event);
  }
  if (options.retry_ms) {
    head_ += R"(,"retry":)" + std::to_string(*options.retry_ms);
  }
  head_ += R"(,"key":)";
}

Status EventEncoder::append_line(std::string& out, std::string_view text, std::string_view key) {
  std::string data;
  if (options_.json) {
    auto read =
        reader_.read(text, [&data](json::Value& root) { return root.append_minified(data); });
    if (!read) {
      return std::move(read).failure();
    }
  } else if (is_utf8(text)) {
    json::append_string(data, text);
  } else {
    return fail(Errc::kInvalid, "the data is not UTF-8");
  }
  out.append(head_);
  json::append_string(out, key);
  out.append(R"(,"data":)").append(data).append("}\n");
  return Ok{};
}

Result<std::string> EventEncoder::body(std::string_view text) {
  if (!options_.json) {
    if (!is_utf8(text)) {
      return fail(Errc::kInvalid, "the data is not UTF-8");
    }
    return std::string(text);
  }
  std::string data;
  auto read = reader_.read(text, [&data](json::Value& root) -> Status {
    if (root.kind() != json::Value::Kind::kString) {
      return root.append_minified(data);
    }
    auto string = root.string();
    if (!string) {
      return std::move(string).failure();
    }
    data = *string;
    return Ok{};
  });
  if (!read) {
    return std::move(read).failure();
  }
  return data;
}

}  // namespace ringcast::cli
