#include "journal/export.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "journal/database_file.h"
#include "journal/event_rows.h"
#include "journal/inspect_names.h"
#include "sse/blocks.h"
#include "topics/name.h"

namespace ringcast::journal {

namespace {

constexpr size_t kWriteBytes = 64 << 10;

bool is_wanted(const std::vector<std::string>& topics, const std::vector<std::string>& patterns) {
  return patterns.empty() ||
         std::any_of(patterns.begin(), patterns.end(), [&topics](const std::string& pattern) {
           return std::any_of(topics.begin(), topics.end(), [&pattern](const std::string& topic) {
             return topics::matches(pattern, topic);
           });
         });
}

// The line of one row, or nothing when the event is gone or not wanted.
Status append_row(std::string& out, const Statement& row, Names& names,
                  const ExportOptions& options) {
  auto topics = names.alive_in(row.number(0), row.number(2), row.bytes(3));
  if (!topics) {
    return std::move(topics).failure();
  }
  if (topics->empty() || !is_wanted(*topics, options.patterns)) {
    return Ok{};
  }
  auto event = event_of(row, std::move(*topics), {});
  if (!event) {
    return std::move(event).failure();
  }
  append_line(out, **event);
  return Ok{};
}

}  // namespace

void append_line(std::string& out, const sse::Event& event) {
  out.append(R"({"seq":)").append(std::to_string(event.seq())).append(R"(,"time":)");
  json::append_string(out, sse::format_time(event.time_ms()));
  out += R"(,"topics":[)";
  for (const std::string& topic : event.topics()) {
    out += &topic == event.topics().data() ? "" : ",";
    json::append_string(out, topic);
  }
  out += ']';
  if (!event.type().empty()) {
    out += R"(,"event":)";
    json::append_string(out, event.type());
  }
  if (event.has_publisher_id()) {
    out += R"(,"id":)";
    json::append_string(out, event.id());
  }
  if (event.retry_ms()) {
    out.append(R"(,"retry":)").append(std::to_string(*event.retry_ms()));
  }
  out += event.is_private() ? R"(,"private":true,"data":)" : R"(,"data":)";
  json::append_string(out, event.data());
  out += "}\n";
}

Status export_events(const std::string& directory, const ExportOptions& options,
                     const std::function<bool(std::string_view lines)>& write) {
  auto database = open_to_look(Folder(directory));
  if (!database) {
    return std::move(database).failure();
  }
  Names names(*database);
  if (Status prepared = names.prepare(); !prepared) {
    return prepared;
  }
  auto event = database->prepare("SELECT " + std::string(kEventColumns) +
                                 " FROM events WHERE seq > ? ORDER BY seq");
  if (!event) {
    return std::move(event).failure();
  }
  Rows rows(event->bind(1, options.after));
  std::string lines;
  while (rows.next()) {
    if (Status appended = append_row(lines, *event, names, options); !appended) {
      write(lines);
      return appended;
    }
    if (lines.size() >= kWriteBytes) {
      if (!write(lines)) {
        return Ok{};
      }
      lines.clear();
    }
  }
  write(lines);
  return rows.is_done() ? Status(Ok{}) : Status(database->failure(rows.code()));
}

}  // namespace ringcast::journal
