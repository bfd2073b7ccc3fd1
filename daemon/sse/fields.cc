#include <algorithm>
#include <string>

#include "base/text.h"
#include "sse/event.h"

namespace ringcast::sse {

namespace {

constexpr size_t kMaxIdBytes = 128;
constexpr uint64_t kMinRetryMs = 100;
constexpr uint64_t kMaxRetryMs = 86'400'000;
// An Event keeps offsets of 32 bits, and a line end becomes "\ndata: ", 7 bytes, on the wire.
constexpr size_t kMaxTextBytes = size_t{1} << 29;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_printable_ascii(char c) {
  return c >= ' ' && c <= '~';
}

bool has_position_form(std::string_view id, std::string_view epoch) {
  if (epoch.empty() || !id.starts_with(epoch)) {
    return false;
  }
  id.remove_prefix(epoch.size());
  return id.size() > 1 && id.front() == '-' && std::all_of(id.begin() + 1, id.end(), is_digit);
}

Status check_type(std::string_view type) {
  if (type.empty()) {
    return Ok{};
  }
  if (type.find_first_of("\r\n") != std::string_view::npos) {
    return fail(Errc::kInvalid, "an event name must not contain CR or LF", "event");
  }
  if (!is_utf8(type)) {
    return fail(Errc::kInvalid, "the event name is not valid UTF-8", "event");
  }
  if (type == "open" || type == "error") {
    return fail(Errc::kInvalid,
                "the event names \"open\" and \"error\" are EventSource's own events", "event");
  }
  if (type.starts_with("ringcast.")) {
    return fail(Errc::kInvalid, "event names that start with \"ringcast.\" belong to the broker",
                "event");
  }
  return Ok{};
}

Status check_id(std::string_view id, std::string_view epoch) {
  if (id.empty()) {
    return Ok{};
  }
  if (id.size() > kMaxIdBytes) {
    return fail(Errc::kInvalid, "an id must have at most 128 bytes", "id");
  }
  if (!std::all_of(id.begin(), id.end(), is_printable_ascii)) {
    return fail(Errc::kInvalid, "an id must consist of printable ASCII characters", "id");
  }
  if (id.front() == ' ' || id.back() == ' ') {
    return fail(Errc::kInvalid, "an id must not start or end with a blank", "id");
  }
  if (id == "earliest" || id == "latest") {
    return fail(Errc::kInvalid, "the ids \"earliest\" and \"latest\" have a meaning already", "id");
  }
  if (id.front() == '#') {
    return fail(Errc::kInvalid, "an id must not start with \"#\"", "id");
  }
  if (has_position_form(id, epoch)) {
    return fail(Errc::kInvalid, "the id has the form of the broker's own ids", "id");
  }
  return Ok{};
}

}  // namespace

Status check_fields(const EventFields& fields, std::string_view epoch) {
  if (auto status = check_type(fields.type); !status) {
    return status;
  }
  if (auto status = check_id(fields.id, epoch); !status) {
    return status;
  }
  if (fields.type.size() > kMaxTextBytes ||
      fields.data.size() > kMaxTextBytes - fields.type.size()) {
    return fail(Errc::kTooLarge, "an event must have at most 512 MiB", "data");
  }
  if (!is_utf8(fields.data)) {
    return fail(Errc::kInvalid, "the data is not valid UTF-8", "data");
  }
  return Ok{};
}

uint64_t clamp_retry_ms(uint64_t retry_ms) {
  return std::clamp(retry_ms, kMinRetryMs, kMaxRetryMs);
}

}  // namespace ringcast::sse
