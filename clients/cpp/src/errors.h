#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "ringcast/error.h"

namespace ringcast::client {

// An error without a status. A lost connection, a timeout and the like are transient.
[[nodiscard]] Error make_error(Errc code, std::string message);
[[nodiscard]] inline Error invalid(std::string message) {
  return make_error(Errc::kInvalid, std::move(message));
}
[[nodiscard]] inline Error closed() {
  return make_error(Errc::kClosed, "the client was closed");
}

// An HTTP exchange that came to an answer.
struct Answer {
  int status = 0;
  std::string content_type;
  std::string body;
  uint64_t retry_after_s = 0;  // 0: no such header.
};

// kRefused, with what the body says of it. 408, 429, 502, 503 and 504 are transient.
[[nodiscard]] Error refusal(const Answer& answer);

// The problem in a body (RFC 9457); empty when there is none.
[[nodiscard]] Problem read_problem(std::string_view body);

// Header values and tokens go out as they are: kInvalid unless all is printable ASCII.
[[nodiscard]] Error check_header_value(std::string_view what, std::string_view value);

}  // namespace ringcast::client
