#pragma once

#include <optional>
#include <string>

#include "http/request.h"
#include "net/ip_address.h"
#include "server/options.h"

namespace ringcast::server {

// Where a connection comes from: its peer, or for whom a trusted proxy says that it opened it.
struct Peer {
  std::optional<net::IpAddress> address;  // Nothing: a unix socket.
  // A header of the PROXY protocol named the address, or said that it does not know it.
  bool is_told = false;
  bool is_hidden = false;
};

// For whom a request was sent.
struct Client {
  std::optional<net::IpAddress> address;  // Nothing: of a unix socket.
  std::string key;                        // Whom limits for each address mean.
  bool is_local = true;     // As far as it is known, nobody but this machine had it in its hands.
  bool is_counted = false;  // In limits of connections: neither this machine nor a proxy of ours.

  // For the log: "192.0.2.1", "unix".
  [[nodiscard]] std::string text() const { return address ? address->text() : "unix"; }
};

// Of a connection, before any request.
[[nodiscard]] Client client_of(const Peer& peer, const ProxyOptions& proxies);
// Of a request: what a trusted proxy says of it counts, and what others say ends local rights.
[[nodiscard]] Client client_of(const Peer& peer, const ProxyOptions& proxies,
                               const http::Request& head);

}  // namespace ringcast::server
