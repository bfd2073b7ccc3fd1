#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/access.h"
#include "base/json.h"
#include "base/result.h"
#include "http/request.h"
#include "http/response.h"
#include "http/target.h"
#include "mercure/hub_topics.h"
#include "server/hub.h"
#include "server/router.h"

namespace ringcast::server {

// How the body of a publish is to be understood.
// kMaybeJson: no type, or curl's form type: JSON if the body starts like it.
// kForm: an update of the Mercure protocol.
enum class BodyKind { kData, kEventStream, kJson, kMaybeJson, kNdjson, kForm };

// Decided by the head alone: route and Content-Type. Without a type, or with curl's form type, the
// body is JSON if it turns out to start like it. kMediaType for anything else at /events.
Result<BodyKind> body_kind(const http::Request& head, const Route& route);

// What the head says wrong, before a body is read: topic, grant, parameters. `own`: see
// DraftReader.
Status check_publish_head(const http::Target& target, const Route& route,
                          const auth::Identity& publisher, std::string_view epoch,
                          const mercure::HubTopics* own = nullptr);

// The header Idempotency-Key in its scope, empty when there is none. It is about the whole request:
// when it was seen from `who`, the first answer comes again and nothing is stored, whatever the
// body.
Result<std::string> request_key(const http::Request& request, const Route& route, BodyKind kind,
                                std::string_view who);

// The drafts of a complete request that is not NDJSON and has passed check_publish_head(). Errors
// name field and index.
Result<std::vector<Draft>> read_publish(const http::Request& request, const http::Target& target,
                                        const Route& route, BodyKind kind,
                                        const auth::Identity& publisher, std::string_view epoch,
                                        json::Reader& reader,
                                        const mercure::HubTopics* own = nullptr);

// The id alone for a form, {"id":…} for one event in the path's topic, else
// {"accepted":…,"duplicates":…,…}.
[[nodiscard]] http::Response publish_response(const Receipt& receipt, BodyKind kind);

// Appends ,"first_id":…,"last_id":… to an object, null where nothing was stored.
void append_ids(std::string& json, const Receipt& receipt);

}  // namespace ringcast::server
