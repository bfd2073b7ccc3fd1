#include "journal/export.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "journal/inspect.h"
#include "journal/inspect_names.h"
#include "journal/tool_database.h"
#include "sse/blocks.h"
#include "sse/stored_event.h"
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
Status append_row(std::string& out, ToolStatement& row, Names& names,
                  const ExportOptions& options) {
  const uint64_t seq = row.number(0);
  auto topics = names.alive_in(seq, row.number(2), row.text(3));
  if (!topics) {
    return std::move(topics).failure();
  }
  if (topics->empty() || !is_wanted(*topics, options.patterns)) {
    return Ok{};
  }
  auto event = sse::restore_event(row.text(5), row.text(4), std::move(*topics));
  if (!event) {
    return fail(Errc::kStorage, "event " + std::to_string(seq) + ": " + event.error().detail);
  }
  (*event)->seal({}, seq, row.integer(1));
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
  out += R"(,"data":)";
  json::append_string(out, event.data());
  out += "}\n";
}

Status export_events(const std::string& directory, const ExportOptions& options,
                     const std::function<bool(std::string_view lines)>& write) {
  auto database = open_to_look(directory);
  if (!database) {
    return std::move(database).failure();
  }
  auto names = Names::open(*database);
  if (!names) {
    return std::move(names).failure();
  }
  auto rows = database->prepare(
      "SELECT seq, time, topic, topics, id, block FROM events WHERE seq > ?1 ORDER BY seq");
  if (!rows) {
    return std::move(rows).failure();
  }
  rows->bind(1, std::min<uint64_t>(options.after, INT64_MAX));
  std::string lines;
  for (;;) {
    auto row = rows->step();
    if (!row) {
      write(lines);
      return std::move(row).failure();
    }
    if (!*row) {
      write(lines);
      return Ok{};
    }
    if (Status appended = append_row(lines, *rows, *names, options); !appended) {
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
}

}  // namespace ringcast::journal
