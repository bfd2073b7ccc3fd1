#pragma once

#include <string_view>

#include "auth/jwt_key.h"
#include "base/result.h"

namespace ringcast::auth {

// What auth.jwt.key or auth.jwt.key_file holds: a PEM public key, or else a secret. One line end
// after a secret that is otherwise printable is the editor's and does not count. kInvalid when it
// looks like a key of another form: a public key in any spelling must never become a secret,
// because everybody has it (RFC 8725 section 2.1).
Result<JwtKey> parse_key_text(std::string_view text);

}  // namespace ringcast::auth
