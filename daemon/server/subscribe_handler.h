#pragma once

#include <string>
#include <string_view>

#include "auth/access.h"
#include "base/result.h"
#include "http/request.h"
#include "http/target.h"
#include "server/cors.h"
#include "server/fanout.h"
#include "server/options.h"
#include "server/router.h"

namespace ringcast::server {

// What a GET of a stream asks for (docs/http-api.md, "Subscribe"). Pure. Errors: kInvalid names the
// parameter; kUnauthorized and kForbidden the pattern.
Result<SubscriptionSpec> read_subscription(const http::Request& request, const http::Target& target,
                                           const Route& route, const auth::Identity& reader,
                                           const Limits& limits, int64_t now_unix_ms);

// The header Last-Event-ID, else the query's spellings of it, else empty.
[[nodiscard]] std::string last_event_id(const http::Request& request, const http::Target& target);

// The head of a stream's response: close-delimited and under 512 bytes without CORS.
[[nodiscard]] std::string stream_head(const Headers& cors);

}  // namespace ringcast::server
