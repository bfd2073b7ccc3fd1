#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "http/request.h"

namespace ringcast::http {

// The header in which trusted proxies say for whom they forward.
enum class ForwardedHeader { kXForwardedFor, kForwarded, kNone };

// What an address of such a header is: addresses themselves belong to another module.
enum class Hop {
  kTrusted,  // A proxy of ours.
  kClient,
  kInvalid  // No address.
};

struct ForwardedClient {
  // Of the client, without port and brackets, or of the last proxy that is known. Empty: the
  // header adds nothing to the peer of the connection, which is that proxy itself.
  std::string address;
  // False: it was forwarded, but for whom is not told (a malformed, hidden or missing element). It
  // must not have the rights of the proxy at `address`, nor go uncounted as one that is trusted.
  bool is_known = false;
};

// Who sent a request that came from a trusted proxy. Every proxy appends the address of its own
// peer, so the way goes from the right over the trusted ones; the first other is the client, and
// what stands left of it is only what it claims. `judge` gets texts without port and brackets.
[[nodiscard]] ForwardedClient forwarded_client(const Request& request, ForwardedHeader header,
                                               const std::function<Hop(std::string_view)>& judge);

// A proxy has had this request in its hands: it has Forwarded, X-Forwarded-*, X-Real-IP or Via.
// What comes so from a peer that is not trusted is not from this machine, even over loopback.
[[nodiscard]] bool is_forwarded(const Request& request);

}  // namespace ringcast::http
