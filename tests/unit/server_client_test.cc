#include <doctest/doctest.h>

#include <utility>
#include <vector>

#include "server/client.h"

namespace ringcast::server::server_client_test {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::optional<net::IpAddress> ip(const std::string& text) {
  return net::IpAddress::parse(text);
}

ProxyOptions trusting(const std::vector<std::string>& prefixes) {
  ProxyOptions proxies;
  for (const std::string& prefix : prefixes) {
    if (prefix == "unix") {
      proxies.trusts_unix = true;
    } else {
      proxies.trusted.push_back(*net::IpPrefix::parse(prefix));
    }
  }
  return proxies;
}

Client ask(const Peer& peer, const Fields& fields, const std::vector<std::string>& trusted = {}) {
  http::Request head;
  for (const auto& [name, value] : fields) {
    head.headers.emplace_back(name, value);
  }
  return client_of(peer, trusting(trusted), head);
}

TEST_CASE("client: a peer speaks for itself") {
  const Client far = ask({.address = ip("192.0.2.1")}, {});
  CHECK(far.text() == "192.0.2.1");
  CHECK_FALSE(far.is_local);
  CHECK(far.is_counted);
  for (const Peer& near : {Peer{.address = ip("127.0.0.1")}, Peer{.address = ip("::1")}, Peer{}}) {
    const Client client = ask(near, {});
    CHECK(client.is_local);
    CHECK_FALSE(client.is_counted);
  }
  CHECK(ask({}, {}).text() == "unix");
}

TEST_CASE("client: what a stranger says of others only ends local rights") {
  const Client client = ask({.address = ip("127.0.0.1")}, {{"X-Forwarded-For", "127.0.0.1"}});
  CHECK_FALSE(client.is_local);
  CHECK(client.text() == "127.0.0.1");
  CHECK(ask({.address = ip("192.0.2.1")}, {{"X-Forwarded-For", "198.51.100.7"}}).text() ==
        "192.0.2.1");
}

TEST_CASE("client: a trusted proxy names it") {
  const Peer proxy{.address = ip("10.0.0.1")};
  const Client far = ask(proxy, {{"X-Forwarded-For", "1.1.1.1, 198.51.100.7"}}, {"10.0.0.0/8"});
  CHECK(far.text() == "198.51.100.7");
  CHECK(far.is_counted);
  CHECK_FALSE(far.is_local);
  const Client own = ask({}, {{"X-Forwarded-For", "127.0.0.1"}}, {"unix"});
  CHECK(own.is_local);
  CHECK_FALSE(own.is_counted);
}

TEST_CASE("client: behind a trusted proxy that does not say who, nobody has local rights") {
  const Peer proxy{.address = ip("127.0.0.1")};
  for (const char* said : {"unknown", "", "1.2.3"}) {
    CHECK_FALSE(ask(proxy, {{"X-Forwarded-For", said}}, {"127.0.0.1"}).is_local);
  }
  CHECK_FALSE(ask(proxy, {{"Via", "1.1 p"}}, {"127.0.0.1"}).is_local);
  CHECK(ask(proxy, {}, {"127.0.0.1"}).is_local);
}

TEST_CASE("client: trusted proxies are not counted, their clients are") {
  const ProxyOptions proxies = trusting({"10.0.0.0/8"});
  CHECK_FALSE(client_of({.address = ip("10.0.0.1")}, proxies).is_counted);
  CHECK(client_of({.address = ip("10.0.0.2"), .is_told = true}, proxies).is_counted);
  CHECK_FALSE(client_of({.address = {}, .is_told = false, .is_hidden = true}, proxies).is_local);
}

TEST_CASE("client: an IPv6 client counts by its network, loopback in IPv6 is this machine") {
  CHECK(ask({.address = ip("2001:db8::1")}, {}).key == ask({.address = ip("2001:db8::2")}, {}).key);
  CHECK(ask({.address = ip("2001:db8::1")}, {}).key !=
        ask({.address = ip("2001:db8:0:1::1")}, {}).key);
  CHECK(ask({.address = ip("192.0.2.1")}, {}).key != ask({.address = ip("192.0.2.2")}, {}).key);
}

}  // namespace
}  // namespace ringcast::server::server_client_test
