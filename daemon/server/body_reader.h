#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "server/draft_reader.h"

namespace ringcast::server {

// The drafts of a JSON body: one object or an array, all or nothing. Errors name the index.
Result<std::vector<Draft>> read_json(std::string_view body, DraftReader& drafts,
                                     json::Reader& reader);

// The drafts of a text/event-stream body. An id counts only in its own block; the end of the body
// ends the last event; blocks without data and comments are ignored. Errors name the index.
Result<std::vector<Draft>> read_event_stream(std::string_view body, const std::string& topic,
                                             DraftReader& drafts);

}  // namespace ringcast::server
