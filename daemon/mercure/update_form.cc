#include "mercure/update_form.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "http/target.h"

namespace ringcast::mercure {

namespace {

Result<std::string> decode(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return http::percent_decode(spaced);
}

struct Seen {
  bool data = false;
  bool id = false;
  bool type = false;
  bool retry = false;
  std::unordered_set<std::string> topics;
};

// The first one of a name.
void take(bool& seen, std::string& out, std::string&& value) {
  if (!std::exchange(seen, true)) {
    out = std::move(value);
  }
}

Status take_field(std::string_view name, std::string&& value, Seen& seen, UpdateForm& form) {
  if (name == "topic") {
    if (seen.topics.insert(value).second) {
      form.topics.push_back(std::move(value));
    }
    return form.topics.size() <= kMostTopics
               ? Status(Ok{})
               : fail(Errc::kInvalid,
                      "an update has at most " + std::to_string(kMostTopics) + " topics", "topic");
  }
  if (name == "data") {
    take(seen.data, form.data, std::move(value));
  } else if (name == "id") {
    take(seen.id, form.id, std::move(value));
  } else if (name == "type") {
    take(seen.type, form.type, std::move(value));
  } else if (name == "private") {
    form.is_private = true;  // Whatever it says, as in the protocol.
  } else if (name == "retry" && !value.empty() && !std::exchange(seen.retry, true)) {
    form.retry_ms = parse_uint(value);
    return form.retry_ms ? Status(Ok{})
                         : fail(Errc::kInvalid, "must be a whole number of milliseconds", "retry");
  }
  return Ok{};
}

}  // namespace

Result<UpdateForm> read_update_form(std::string_view body) {
  UpdateForm form;
  Seen seen;
  while (!body.empty()) {
    const size_t end = std::min(body.find('&'), body.size());
    const std::string_view pair = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (pair.empty()) {
      continue;
    }
    const size_t equals = std::min(pair.find('='), pair.size());
    auto name = decode(pair.substr(0, equals));
    auto value = decode(pair.substr(std::min(equals + 1, pair.size())));
    if (!name) {
      return std::move(name).failure();
    }
    if (!value) {
      Failure failure = std::move(value).failure();
      failure.error.field = *name;
      return failure;
    }
    if (Status taken = take_field(*name, *std::move(value), seen, form); !taken) {
      return std::move(taken).failure();
    }
  }
  if (form.topics.empty()) {
    return fail(Errc::kInvalid, "an update needs at least one topic", "topic");
  }
  return form;
}

}  // namespace ringcast::mercure
