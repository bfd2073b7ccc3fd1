#include "cli/event_text.h"

#include "base/json.h"

namespace ringcast::cli {

void append_event(std::string& out, const client::Event& event, bool json) {
  if (!json) {
    out.append(event.data).push_back('\n');
    return;
  }
  out.append(R"({"id":)");
  json::append_string(out, event.id);
  out.append(R"(,"event":)");
  json::append_string(out, event.type);
  out.append(R"(,"data":)");
  json::append_string(out, event.data);
  out.append("}\n");
}

std::string describe_gap(std::string_view data) {
  const auto gap = client::read_gap(data);
  if (!gap) {
    return "gap: " + std::string(data);
  }
  std::string text = "gap: ";
  text += gap->missed ? std::to_string(*gap->missed) : "an unknown number of";
  text += gap->missed == 1 ? " event was missed (" : " events were missed (";
  text += gap->reason + ")";
  return gap->resumed.empty() ? text : text + ", going on after " + gap->resumed;
}

}  // namespace ringcast::cli
