#include "server/client.h"

#include <string_view>

#include "http/forwarded.h"

namespace ringcast::server {

namespace {

std::string address_key(const std::optional<net::IpAddress>& address) {
  return address ? std::string(address->client().key()) : "unix";
}

http::Hop judge(std::string_view text, const ProxyOptions& proxies) {
  const auto address = net::IpAddress::parse(text);
  if (!address) {
    return http::Hop::kInvalid;
  }
  return proxies.trusts(*address) ? http::Hop::kTrusted : http::Hop::kClient;
}

}  // namespace

Client client_of(const Peer& peer, const ProxyOptions& proxies) {
  const bool is_loopback = !peer.address || peer.address->is_loopback();
  return {.address = peer.address,
          .key = address_key(peer.address),
          .is_local = is_loopback && !peer.is_hidden,
          .is_counted = !is_loopback && (peer.is_told || !proxies.trusts(peer.address))};
}

Client client_of(const Peer& peer, const ProxyOptions& proxies, const http::Request& head) {
  Client client = client_of(peer, proxies);
  if (!http::is_forwarded(head)) {
    return client;
  }
  client.is_local = false;
  if (!proxies.trusts(peer.address)) {
    return client;
  }
  const http::ForwardedClient told = http::forwarded_client(
      head, proxies.header, [&](std::string_view text) { return judge(text, proxies); });
  if (const auto address = net::IpAddress::parse(told.address)) {
    client.address = address;
    client.key = address_key(address);
  }
  const bool is_loopback = client.address && client.address->is_loopback();
  client.is_local = told.is_known && is_loopback;
  client.is_counted = !is_loopback;
  return client;
}

}  // namespace ringcast::server
