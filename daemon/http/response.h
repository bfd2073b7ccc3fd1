#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace ringcast::http {

// A whole response with a body of known length.
struct Response {
  int status = 200;
  std::string_view content_type;  // A literal. Empty: no Content-Type.
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// How the connection goes on after a response.
struct Framing {
  bool keep_alive = true;
  bool http_1_0 = false;   // Answer with Connection: keep-alive where it is kept.
  bool head_only = false;  // HEAD: Content-Length of the body, but not the body.
};

// The bytes on the wire. Content-Length except for 204; no Date (optional without a clock, RFC
// 9110 section 6.6.1).
void append_response(std::string& out, const Response& response, Framing framing);

// application/problem+json (RFC 9457) with `type`, `title`, `status`, `detail` and, where known,
// `field`, `index`, `line`. The one place where an error becomes a status.
[[nodiscard]] int status_of(Errc code);
[[nodiscard]] std::string_view reason_phrase(int status);
[[nodiscard]] Response problem(const Error& error);

}  // namespace ringcast::http
