#include "server/body_reader.h"

#include <utility>

#include "base/json_grammar.h"
#include "sse/stream_parser.h"

namespace ringcast::server {

namespace {

Failure at_index(Failure failure, size_t index) {
  failure.error.index = static_cast<int64_t>(index);
  return failure;
}

// Objects, each on a line of its own, where one value was to come.
bool looks_like_ndjson(const std::string& body) {
  const auto problem = json::find_grammar_error(body);
  if (!problem || !std::string_view(body).substr(problem->offset).starts_with('{')) {
    return false;
  }
  const std::string first = body.substr(0, problem->offset);
  return !json::find_grammar_error(first) && first[first.find_last_not_of(" \t\r")] == '\n';
}

}  // namespace

Result<std::vector<Draft>> read_json(std::string_view body, DraftReader& drafts,
                                     json::Reader& reader) {
  std::vector<Draft> batch;
  Status read = reader.read(body, [&](json::Value& root) -> Status {
    if (root.kind() != json::Value::Kind::kArray) {
      Result<Draft> draft = drafts.read(root);
      if (!draft) {
        return std::move(draft).failure();
      }
      batch.push_back(std::move(*draft));
      return Ok{};
    }
    return root.each_element([&](json::Value& element) -> Status {
      Result<Draft> draft = drafts.read(element);
      if (!draft) {
        return at_index(std::move(draft).failure(), batch.size());
      }
      batch.push_back(std::move(*draft));
      return Ok{};
    });
  });
  if (!read) {
    Failure failure = std::move(read).failure();
    if (looks_like_ndjson(std::string(body))) {
      failure.error.detail += "; for one object a line send Content-Type: application/x-ndjson";
    }
    return failure;
  }
  return batch;
}

Result<std::vector<Draft>> read_event_stream(std::string_view body, const std::string& topic,
                                             DraftReader& drafts) {
  std::vector<Draft> batch;
  const auto sink = [&](sse::Block&& block) -> Status {
    if (!block.data) {
      return Ok{};
    }
    Result<Draft> draft = drafts.make({topic},
                                      {.type = block.event ? *block.event : std::string_view(),
                                       .id = block.id ? *block.id : std::string_view(),
                                       .retry_ms = block.retry_ms,
                                       .data = *block.data},
                                      {});
    if (!draft) {
      return at_index(std::move(draft).failure(), batch.size());
    }
    batch.push_back(std::move(*draft));
    return Ok{};
  };
  sse::StreamParser parser(body.size() + 1);
  Status read = parser.feed(body, sink);
  if (read) {
    read = parser.finish(sink);
  }
  if (!read) {
    return std::move(read).failure();
  }
  return batch;
}

}  // namespace ringcast::server
