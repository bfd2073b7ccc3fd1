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

std::string Batch::take_body(std::string_view webhook, int64_t unix_ms) {
  std::string head = R"({"type":"ringcast.events","timestamp":)";
  json::append_string(head, sse::format_time(unix_ms));
  head += R"(,"data":{"webhook":)";
  json::append_string(head, webhook);
  head += R"(,"events":[)";
  return std::exchange(elements_, {}).insert(0, head).append("]}}");
}

}  // namespace ringcast::webhooks
