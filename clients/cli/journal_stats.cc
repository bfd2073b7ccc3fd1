#include "cli/journal_stats.h"

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/json.h"
#include "cli/table.h"
#include "sse/blocks.h"

namespace ringcast::cli {
namespace {

std::string state_of(const journal::Stats& stats) {
  if (stats.is_in_use) {
    return "in use by a daemon";
  }
  return stats.is_clean ? "closed" : "not closed: the daemon or the machine was cut off";
}

std::string time_text(const std::optional<int64_t>& unix_ms) {
  return unix_ms ? sse::format_time(*unix_ms) : "-";
}

std::string time_json(const std::optional<int64_t>& unix_ms) {
  return unix_ms ? json::quoted(sse::format_time(*unix_ms)) : "null";
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
  constexpr size_t kWidth = 16;
  out.append(name).append(kWidth - name.size(), ' ').append(one_line(value)).append("\n");
}

void append_member(std::string& out, std::string_view name, std::string_view json) {
  out.append(out.size() == 1 ? "\"" : ",\"").append(name).append("\":").append(json);
}

}  // namespace

std::string stats_text(const journal::Stats& stats) {
  std::string out;
  append_line(out, "schema", std::to_string(stats.schema));
  append_line(out, "epoch", stats.epoch);
  append_line(out, "sequence", std::to_string(stats.sequence));
  append_line(out, "reserved", std::to_string(stats.reserved));
  append_line(out, "lost high", std::to_string(stats.lost_high));
  append_line(out, "state", state_of(stats));
  append_line(out, "events", std::to_string(stats.events));
  append_line(out, "topics", std::to_string(stats.topics));
  append_line(out, "oldest", time_text(stats.oldest_ms));
  append_line(out, "newest", time_text(stats.newest_ms));
  append_line(out, "database bytes", std::to_string(stats.database_bytes));
  append_line(out, "wal bytes", std::to_string(stats.wal_bytes));
  append_line(out, "used bytes", std::to_string(stats.used_bytes));
  append_line(out, "free bytes", std::to_string(stats.free_bytes));
  if (stats.largest.empty()) {
    return out;
  }
  Table table({{"TOPIC"}, {"EVENTS", true}, {"BYTES", true}});
  for (const auto& topic : stats.largest) {
    table.add({one_line(topic.name), std::to_string(topic.events), std::to_string(topic.bytes)});
  }
  return out + "\n" + table.text();
}

std::string stats_json(const journal::Stats& stats) {
  std::string largest = "[";
  for (const auto& topic : stats.largest) {
    largest += largest.size() == 1 ? "" : ",";
    std::string object = "{";
    append_member(object, "name", json::quoted(topic.name));
    append_member(object, "events", std::to_string(topic.events));
    append_member(object, "bytes", std::to_string(topic.bytes));
    largest += object + "}";
  }
  std::string out = "{";
  append_member(out, "schema", std::to_string(stats.schema));
  append_member(out, "epoch", json::quoted(stats.epoch));
  append_member(out, "sequence", std::to_string(stats.sequence));
  append_member(out, "reserved", std::to_string(stats.reserved));
  append_member(out, "lost_high", std::to_string(stats.lost_high));
  append_member(out, "clean", stats.is_clean ? "true" : "false");
  append_member(out, "in_use", stats.is_in_use ? "true" : "false");
  append_member(out, "events", std::to_string(stats.events));
  append_member(out, "topics", std::to_string(stats.topics));
  append_member(out, "oldest", time_json(stats.oldest_ms));
  append_member(out, "newest", time_json(stats.newest_ms));
  append_member(out, "database_bytes", std::to_string(stats.database_bytes));
  append_member(out, "wal_bytes", std::to_string(stats.wal_bytes));
  append_member(out, "used_bytes", std::to_string(stats.used_bytes));
  append_member(out, "free_bytes", std::to_string(stats.free_bytes));
  append_member(out, "largest", largest + "]");
  return out + "}\n";
}

}  // namespace ringcast::cli
