#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/request.h"
#include "http/target.h"
#include "mercure/authority.h"
#include "server/services.h"

namespace ringcast::server {

// Finds out who asks a Mercure hub, and remembers who asked last on a connection, as signatures
// cost time.
class MercureCaller {
 public:
  // By the header Authorization, else the parameter `authorization`, else a cookie: clients may
  // show several. A publish with a cookie has to come from a page of an allowed origin. Whatever
  // is refused is kUnauthorized; but kInvalid where a subscription in version 1.0 of the protocol
  // shows its token in the query, or badly (RFC 6750 section 3.1).
  Status identify(const http::Request& head, const http::Target& target, const Listening& listening,
                  const Settings& settings, int64_t now_unix_ms);
  // After identify().
  [[nodiscard]] const mercure::HolderRef& holder() const noexcept { return holder_; }

 private:
  struct Shown {
    std::string_view token;
    std::string_view field;  // What showed it.
    mercure::Role role = mercure::Role::kSubscriber;
    bool in_draft = false;  // To a request of version 1.0, which takes no tokens of version 8.
  };
  Status believe(const Shown& shown, const Settings& settings, int64_t now_unix_ms);

  mercure::HolderRef holder_;
  mercure::Role role_ = mercure::Role::kSubscriber;
  std::string token_;
  std::shared_ptr<const mercure::Authority> authority_;
};

// The origin of the page that sent a request: its Origin, else that of its Referer. Empty: none.
[[nodiscard]] std::string page_origin(const http::Request& head);

}  // namespace ringcast::server
