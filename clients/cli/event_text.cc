#include "cli/event_text.h"

#include <optional>

#include "base/json.h"

namespace ringcast::cli {
namespace {

struct Gap {
  std::string reason = "unknown";
  std::string resumed;
  std::optional<uint64_t> missed;
};

Status read_member(std::string_view name, json::Value& value, Gap& gap) {
  const auto kind = value.kind();
  if (kind == json::Value::Kind::kString && (name == "reason" || name == "resumed")) {
    if (auto text = value.string()) {
      (name == "reason" ? gap.reason : gap.resumed) = *text;
    }
    return Ok{};
  }
  if (kind == json::Value::Kind::kNumber && name == "missed") {
    if (auto missed = value.whole_number()) {
      gap.missed = *missed;
    }
    return Ok{};
  }
  std::string skipped;
  return value.append_minified(skipped);
}

}  // namespace

void append_event(std::string& out, const sse::Block& block, std::string_view id, bool json) {
  const std::string_view data = block.data ? std::string_view(*block.data) : std::string_view();
  if (!json) {
    out.append(data).push_back('\n');
    return;
  }
  const bool is_typed = block.event && !block.event->empty();
  out.append(R"({"id":)");
  json::append_string(out, id);
  out.append(R"(,"event":)");
  json::append_string(out, is_typed ? std::string_view(*block.event) : "message");
  out.append(R"(,"data":)");
  json::append_string(out, data);
  out.append("}\n");
}

std::string describe_gap(std::string_view data) {
  Gap gap;
  json::Reader reader;
  const auto read = reader.read(data, [&gap](json::Value& root) {
    return root.each_field([&gap](std::string_view name, json::Value& value) {
      return read_member(name, value, gap);
    });
  });
  if (!read) {
    return "gap: " + std::string(data);
  }
  std::string text = "gap: ";
  text += gap.missed ? std::to_string(*gap.missed) : "an unknown number of";
  text += gap.missed == 1 ? " event was missed (" : " events were missed (";
  text += gap.reason + ")";
  return gap.resumed.empty() ? text : text + ", going on after " + gap.resumed;
}

}  // namespace ringcast::cli
