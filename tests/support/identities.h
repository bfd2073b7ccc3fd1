#pragma once

#include <memory>
#include <utility>

#include "auth/access.h"

namespace ringcast::test {

// Who shows no credentials, and may do this.
inline auth::Identity nobody(auth::Grants grants = auth::Grants::everything()) {
  return {.name = {}, .grants = std::move(grants)};
}

inline auth::IdentityRef shared_nobody() {
  return std::make_shared<const auth::Identity>(nobody());
}

}  // namespace ringcast::test
