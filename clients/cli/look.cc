#include "cli/look.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/event_text.h"
#include "cli/messages.h"
#include "cli/pages.h"
#include "cli/table.h"

namespace ringcast::cli {
namespace {

using Fields = std::map<std::string, std::string, std::less<>>;

// The members of an object as text: strings as they are, null as nothing, the rest as JSON.
Result<Fields> read_fields(json::Value& object) {
  Fields fields;
  auto read = object.each_field([&fields](std::string_view name, json::Value& value) -> Status {
    std::string& text = fields[std::string(name)];
    if (value.kind() == json::Value::Kind::kString) {
      auto string = value.string();
      if (!string) {
        return std::move(string).failure();
      }
      text = *string;
      return Ok{};
    }
    const bool is_null = value.kind() == json::Value::Kind::kNull;
    auto minified = value.append_minified(text);
    if (is_null) {
      text.clear();
    }
    return minified;
  });
  if (!read) {
    return std::move(read).failure();
  }
  return fields;
}

Status append_json_line(std::string& out, json::Value& item) {
  auto read = item.append_minified(out);
  out.push_back('\n');
  return read;
}

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

}  // namespace

ExitCode list_topics(const TopicsOptions& options, Broker& broker, Output& output) {
  std::string lines;
  Table table({{"TOPIC"},
               {"SUBSCRIBERS", true},
               {"EVENTS", true},
               {"BYTES", true},
               {"OLDEST"},
               {"NEWEST"}});
  PagedList list{.path = "/topics", .query = {}, .after = {}, .items = "topics", .page = 1'000};
  if (!options.prefix.empty()) {
    list.query.emplace_back("prefix", options.prefix);
  }
  list.visit = [&](json::Value& item) -> Status {
    if (options.json) {
      return append_json_line(lines, item);
    }
    auto fields = read_fields(item);
    if (!fields) {
      return std::move(fields).failure();
    }
    Fields& row = *fields;
    table.add({one_line(row["name"]), row["subscribers"], row["events"], row["bytes"],
               or_dash(row["oldest"]), or_dash(row["newest"])});
    return Ok{};
  };
  const ExitCode code = read_pages(broker, std::move(list));
  if (code != ExitCode::kOk) {
    return code;
  }
  output.write(options.json ? lines : table.text());
  return output.exit_code();
}

ExitCode show_history(const HistoryOptions& options, Broker& broker, Output& output) {
  std::string lines;
  PagedList list{.path = "/history",
                 .query = {},
                 .after = options.after,
                 .items = "events",
                 .most = options.limit.value_or(UINT64_MAX)};
  list.query.emplace_back("topic", options.topic);
  list.visit = [&](json::Value& item) -> Status {
    if (options.json) {
      return append_json_line(lines, item);
    }
    auto fields = read_fields(item);
    if (!fields) {
      return std::move(fields).failure();
    }
    Fields& event = *fields;
    const std::string type = event["event"].empty() ? "message" : event["event"];
    lines += event["id"] + "\t" + event["time"] + "\t" + one_line(type) + "\t" +
             one_line(event["data"]) + "\n";
    return Ok{};
  };
  list.on_gap = [](std::string_view gap) { complain(describe_gap(gap)); };
  list.on_page_end = [&] { return output.write(std::exchange(lines, {})); };
  const ExitCode code = read_pages(broker, std::move(list));
  return code == ExitCode::kOk ? output.exit_code() : code;
}

ExitCode check_health(const HealthOptions& options, Broker& broker) {
  client::Request request;
  request.path = "/readyz";
  request.timeout_ms = options.timeout_ms;
  const auto answer = broker.send(std::move(request));
  if (!answer) {
    complain(answer.error().message);
    return ExitCode::kRefused;
  }
  return ExitCode::kOk;
}

}  // namespace ringcast::cli
