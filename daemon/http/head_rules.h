#pragma once

#include <llhttp.h>

#include <cstdint>

#include "base/result.h"
#include "http/request.h"

namespace ringcast::http {

// What a head has to be beyond its grammar (RFC 9112 sections 3.2, 5.1, 6): one Host, one way to
// tell where the body ends. Fills in `content_length`, `chunked` and `keep_alive`. kInvalid.
Status apply_head_rules(Request& request);

// llhttp's numbers in our words.
[[nodiscard]] Method to_method(uint8_t llhttp_method);
[[nodiscard]] Errc to_errc(llhttp_errno_t code);

}  // namespace ringcast::http
