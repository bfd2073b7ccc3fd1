#include "sse/blocks.h"

#include <algorithm>
#include <cassert>
#include <chrono>

#include "base/json.h"
#include "base/text.h"
#include "sse/lines.h"

namespace ringcast::sse {

namespace {

constexpr size_t kPaddingBytes = 2048;
constexpr size_t kMaxRequestedBytes = 128;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD.

// RFC 3339 has four digits for the year: 0000-01-01T00:00:00.000Z to 9999-12-31T23:59:59.999Z.
constexpr int64_t kFirstTimeMs = -62'167'219'200'000;
constexpr int64_t kLastTimeMs = 253'402'300'799'999;

void append_field(std::string& out, std::string_view name, std::string_view value) {
  // Values are ours or were checked before: a line end here would forge a field.
  assert(value.find_first_of("\r\n") == std::string_view::npos);
  out.append(name).append(": ").append(value).append("\n");
}

void append_retry(std::string& out, uint64_t retry_ms) {
  append_field(out, "retry", std::to_string(clamp_retry_ms(retry_ms)));
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += out.ends_with('{') ? "\"" : ",\"";
  out.append(name).append("\":");
  json::append_string(out, value);
}

// At most `limit` bytes of the text, without cutting inside of a character.
std::string_view cut(std::string_view text, size_t limit) {
  if (text.size() <= limit) {
    return text;
  }
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) {
    --limit;
  }
  return text.substr(0, limit);
}

// A resume id comes from anybody, in a header that may hold any bytes; JSON is UTF-8.
std::string to_utf8(std::string_view text) {
  if (is_utf8(text)) {
    return std::string(text);
  }
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x80U) {
      out += c;
    } else {
      out += kReplacement;
    }
  }
  return out;
}

void append_padded(std::string& out, unsigned value, size_t width) {
  const std::string digits = std::to_string(value);
  out.append(width - std::min(width, digits.size()), '0').append(digits);
}

// Id and type of an event whose data is to be replaced.
std::string begin_replacement(std::string_view id, std::string_view type) {
  std::string block;
  append_field(block, "id", id);
  if (!type.empty()) {
    append_field(block, "event", type);
  }
  return block;
}

}  // namespace

std::string_view name_of(GapReason reason) {
  switch (reason) {
    case GapReason::kExpired:
      return "expired";
    case GapReason::kDeleted:
      return "deleted";
    case GapReason::kLost:
      return "lost";
    case GapReason::kLagged:
      return "lagged";
    case GapReason::kEpoch:
      return "epoch";
    case GapReason::kUnknown:
      return "unknown";
  }
  return "unknown";
}

std::string first_block(uint64_t retry_ms, std::string_view id, bool padding) {
  std::string block;
  if (padding) {
    block.append(":").append(kPaddingBytes, ' ').append("\n");
  }
  block += ": ringcast\n";
  append_retry(block, retry_ms);
  if (!id.empty()) {
    append_field(block, "id", id);
  }
  block += '\n';
  return block;
}

std::string id_block(std::string_view id) {
  std::string block;
  append_field(block, "id", id);
  block += '\n';
  return block;
}

std::string comment_block(std::string_view text) {
  std::string block;
  append_lines(block, ": ", text);
  block += '\n';
  return block;
}

std::string end_block(uint64_t retry_ms, std::string_view why) {
  std::string block;
  append_retry(block, retry_ms);
  block += comment_block(why);
  return block;
}

std::string gap_block(const Gap& gap) {
  std::string json = "{";
  append_member(json, "requested", to_utf8(cut(gap.requested, kMaxRequestedBytes)));
  append_member(json, "resumed", gap.resumed);
  append_member(json, "reason", name_of(gap.reason));
  json.append(",\"missed\":").append(gap.missed ? std::to_string(*gap.missed) : "null").append("}");

  std::string block = begin_replacement(gap.resumed, "ringcast.gap");
  append_field(block, "data", json);
  block += '\n';
  return block;
}

std::string envelope_block(const Event& event, std::string_view topic) {
  std::string json = "{";
  append_member(json, "id", event.id());
  append_member(json, "time", format_time(event.time_ms()));
  append_member(json, "topic", topic);
  append_member(json, "event", event.type().empty() ? "message" : event.type());
  append_member(json, "data", event.data());
  json += '}';

  std::string block = begin_replacement(event.id(), event.type());
  if (event.retry_ms()) {
    append_retry(block, *event.retry_ms());
  }
  append_field(block, "data", json);
  block += '\n';
  return block;
}

std::string mercure_block(const Event& event) {
  const std::string_view data = event.data_lines();
  std::string_view before = event.body();
  before.remove_suffix(data.size());
  std::string block;
  block.reserve(event.wire().size());
  block.append(before);
  append_field(block, "id", event.id());
  block.append(data);
  return block;
}

std::string oversize_block(const Event& event, size_t bytes) {
  std::string block = begin_replacement(event.id(), "ringcast.oversize");
  append_field(block, "data", "{\"bytes\":" + std::to_string(bytes) + "}");
  block += '\n';
  return block;
}

std::string format_time(int64_t unix_ms) {
  using std::chrono::milliseconds;
  const std::chrono::sys_time<milliseconds> time(
      milliseconds(std::clamp(unix_ms, kFirstTimeMs, kLastTimeMs)));
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<milliseconds> clock(time - day);

  std::string text;
  append_padded(text, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  text += '-';
  append_padded(text, static_cast<unsigned>(date.month()), 2);
  text += '-';
  append_padded(text, static_cast<unsigned>(date.day()), 2);
  text += 'T';
  append_padded(text, static_cast<unsigned>(clock.hours().count()), 2);
  text += ':';
  append_padded(text, static_cast<unsigned>(clock.minutes().count()), 2);
  text += ':';
  append_padded(text, static_cast<unsigned>(clock.seconds().count()), 2);
  text += '.';
  append_padded(text, static_cast<unsigned>(clock.subseconds().count()), 3);
  text += 'Z';
  return text;
}

}  // namespace ringcast::sse
