#include "webhooks/batch.h"

#include <utility>

#include "base/json.h"
#include "sse/blocks.h"

namespace ringcast::webhooks {

void Batch::add(const Element& element) {
  append(element.json);
  if (element.kind == Kind::kGap) {
    add_missed(element.missed);
  } else {
    ++events_;
  }
}

void Batch::add_start(const std::string& json) {
  append(json);
  start_ = json;
}

void Batch::begin_with_loss_of(const Batch& dropped) {
  const std::optional<uint64_t> lost =
      dropped.missed_ ? std::optional(dropped.events_ + *dropped.missed_) : std::nullopt;
  const std::string after = std::exchange(elements_, {});
  if (!dropped.start_.empty()) {
    add_start(dropped.start_);
  }
  if (lost != 0) {
    append(undelivered_json(lost));
    add_missed(lost);
  }
  if (!after.empty()) {
    append(after);
  }
}

void Batch::append(std::string_view json) {
  elements_.append(elements_.empty() ? "" : ",").append(json);
}

void Batch::add_missed(std::optional<uint64_t> missed) {
  missed_ = missed_ && missed ? std::optional(*missed_ + *missed) : std::nullopt;
}

std::string Batch::body(std::string_view webhook, int64_t unix_ms) const {
  std::string json = R"({"type":"ringcast.events","timestamp":)";
  json::append_string(json, sse::format_time(unix_ms));
  json += R"(,"data":{"webhook":)";
  json::append_string(json, webhook);
  return json.append(R"(,"events":[)").append(elements_).append("]}}");
}

}  // namespace ringcast::webhooks
