#include "sse/stored_event.h"

#include <utility>

#include "base/text.h"
#include "sse/wire_fields.h"

namespace ringcast::sse {

namespace {

// Takes "<field>value\n" off the front of `rest`; nothing when it starts with something else.
std::optional<std::string_view> take_line(std::string_view& rest, std::string_view field) {
  const size_t end = rest.find('\n');
  if (!rest.starts_with(field) || end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view value = rest.substr(field.size(), end - field.size());
  rest.remove_prefix(end + 1);
  return value;
}

}  // namespace

Result<std::unique_ptr<Event>> restore_event(std::string_view body, std::string_view id,
                                             std::vector<std::string> topics, bool is_private) {
  const std::string_view whole = body;
  EventFields fields{.id = id, .is_private = is_private};
  fields.type = take_line(body, kEventField).value_or("");
  if (const auto retry = take_line(body, kRetryField)) {
    fields.retry_ms = parse_uint(*retry);
    if (!fields.retry_ms) {
      return fail(Errc::kInvalid, "a stored event has a bad retry line");
    }
  }
  const auto first = take_line(body, kDataField);
  if (!first) {
    return fail(Errc::kInvalid, "a stored event has no data line");
  }
  fields.data = *first;
  std::string joined;
  if (body.starts_with(kDataField)) {
    joined = *first;
    while (const auto line = take_line(body, kDataField)) {
      joined.append(1, '\n').append(*line);
    }
    fields.data = joined;
  }
  if (body != "\n") {
    return fail(Errc::kInvalid, "a stored event does not end with a blank line");
  }
  auto event = Event::encode(fields, std::move(topics));
  if (event->body() != whole) {  // An event has one spelling.
    return fail(Errc::kInvalid, "a stored event is not as it was written");
  }
  return event;
}

}  // namespace ringcast::sse
