#include "journal/event_rows.h"

#include <algorithm>
#include <utility>

#include "sse/stored_event.h"
#include "sse/wire_fields.h"

namespace ringcast::journal {

namespace {

constexpr size_t kKnownNames = 4096;

// The type of an event, from its stored block.
std::string_view type_of(std::string_view block) {
  if (!block.starts_with(sse::kEventField)) {
    return "message";
  }
  block.remove_prefix(sse::kEventField.size());
  return block.substr(0, block.find('\n'));
}

}  // namespace

Status TopicNames::prepare() {
  return database_.prepare_all({{&by_number_, "SELECT name FROM topics WHERE number = ?"}});
}

Result<std::vector<std::string>> TopicNames::of(uint64_t topic, bool is_only,
                                                std::string_view joined) {
  std::vector<std::string> names;
  if (!is_only) {
    each_name(joined, [&](std::string_view name) { names.emplace_back(name); });
    return names;
  }
  if (const auto known = known_.find(topic); known != known_.end()) {
    names.push_back(known->second);
    return names;
  }
  by_number_.bind(1, topic);
  Rows rows(by_number_);
  if (rows.next()) {
    names.emplace_back(by_number_.bytes(0));
    if (known_.size() >= kKnownNames) {
      known_.clear();
    }
    known_.emplace(topic, names.front());
  } else if (!rows.is_done()) {
    return database_.failure(rows.code());
  }
  return names;
}

bool has_type(const std::vector<std::string>& types, std::string_view block) {
  return types.empty() || std::find(types.begin(), types.end(), type_of(block)) != types.end();
}

Result<std::unique_ptr<sse::Event>> event_of(const Statement& row, TopicNames& names,
                                             std::string_view epoch) {
  auto topics = names.of(row.number(2), row.is_null(3), row.bytes(3));
  return topics ? event_of(row, std::move(*topics), epoch) : std::move(topics).failure();
}

Result<std::unique_ptr<sse::Event>> event_of(const Statement& row, std::vector<std::string> topics,
                                             std::string_view epoch) {
  auto event =
      sse::restore_event(row.bytes(5), row.bytes(4), std::move(topics), row.number(6) != 0);
  if (!event) {
    return fail(Errc::kStorage, "event " + std::to_string(row.number(0)) +
                                    " of the journal is damaged (" + event.error().detail +
                                    "); use `ringcast journal check`");
  }
  (*event)->seal(epoch, row.number(0), row.signed_number(1));
  return event;
}

}  // namespace ringcast::journal
