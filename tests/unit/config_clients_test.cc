#include <doctest/doctest.h>

#include <string>

#include "support/config_text.h"

namespace ringcast::config::config_clients_test {
namespace {

bool trusts(const Config& config, std::string_view address) {
  return config.server.proxies.trusts(net::IpAddress::parse(address));
}

TEST_CASE("config: nobody is trusted to forward unless listed") {
  const Config config;
  CHECK_FALSE(trusts(config, "127.0.0.1"));
  CHECK_FALSE(trusts(config, "10.0.0.1"));
  CHECK_FALSE(config.server.proxies.trusts(std::nullopt));
  CHECK_FALSE(config.server.proxies.has_protocol);
}

TEST_CASE("config: trusted proxies are addresses, networks and unix sockets") {
  const Config config =
      config_of("proxies: {trusted: [10.0.0.0/8, 192.0.2.1, \"fd00::/8\", unix]}");
  CHECK(trusts(config, "10.255.0.1"));
  CHECK(trusts(config, "192.0.2.1"));
  CHECK(trusts(config, "fd12::1"));
  CHECK_FALSE(trusts(config, "11.0.0.1"));
  CHECK_FALSE(trusts(config, "192.0.2.2"));
  CHECK(config.server.proxies.trusts(std::nullopt));
  CHECK_FALSE(config_of("proxies: {trusted: [10.0.0.0/8]}").server.proxies.trusts(std::nullopt));
}

TEST_CASE("config: a bad trusted proxy is named with its place") {
  CHECK(error_of("proxies: {trusted: 10.0.0.1}") ==
        "f.yaml:1:20: proxies.trusted: must be a list, not \"10.0.0.1\"");
  CHECK(error_of("proxies: {trusted: [10.0.0.1, proxy.example]}") ==
        "f.yaml:1:31: proxies.trusted[1]: \"proxy.example\": write an address or a network, as in "
        "10.1.2.3, 10.0.0.0/8 or fd00::/8");
  CHECK(error_of("proxies: {trusted: [10.0.0.1/8]}") ==
        "f.yaml:1:21: proxies.trusted[0]: \"10.0.0.1/8\": has bits beyond its length: the network "
        "is 10.0.0.0/8");
}

TEST_CASE("config: the header of proxies is one of three") {
  using http::ForwardedHeader;
  const auto header = [](const std::string& name) {
    return config_of("proxies: {header: " + name + "}").server.proxies.header;
  };
  CHECK(header("x-forwarded-for") == ForwardedHeader::kXForwardedFor);
  CHECK(header("forwarded") == ForwardedHeader::kForwarded);
  CHECK(header("none") == ForwardedHeader::kNone);
  CHECK(Config().server.proxies.header == ForwardedHeader::kXForwardedFor);
  CHECK(error_of("proxies: {header: x-real-ip}") ==
        "f.yaml:1:19: proxies.header: must be x-forwarded-for, forwarded or none, not "
        "\"x-real-ip\"");
}

TEST_CASE("config: the PROXY protocol is for proxies that are trusted") {
  CHECK(error_of("proxies: {protocol: true}") ==
        "f.yaml:1:21: proxies.protocol: nobody is trusted to speak the PROXY protocol: list the "
        "proxies in proxies.trusted");
  CHECK(config_of("proxies: {protocol: true, trusted: [unix]}").server.proxies.has_protocol);
  CHECK(config_of("proxies: {protocol: true, trusted: [::1]}").server.proxies.has_protocol);
}

TEST_CASE("config: hosts are names as Host has them, without port") {
  const Config config = config_of("hosts: [broker.internal, 10.0.0.7, \"[2001:db8::1]\"]");
  CHECK(config.server.hosts ==
        std::vector<std::string>{"broker.internal", "10.0.0.7", "[2001:db8::1]"});
  CHECK(error_of("hosts: [\"a.example:80\"]") ==
        "f.yaml:1:9: hosts[0]: \"a.example:80\": leave out the port: any port of a listed name "
        "will do");
  CHECK(error_of("hosts: [A.example]") ==
        "f.yaml:1:9: hosts[0]: \"A.example\": write it in lower case");
  CHECK(error_of("hosts: [a.example.]") ==
        "f.yaml:1:9: hosts[0]: \"a.example.\": leave out the dot at the end");
  for (const char* bad : {"*", "*.example", "http://a", "a/b", "", "\\\"", "2001:db8::1", "[x]"}) {
    CAPTURE(bad);
    CHECK(error_of("hosts: [\"" + std::string(bad) + "\"]").starts_with("f.yaml:1:9: hosts[0]: "));
  }
  CHECK(error_of("hosts: a") == "f.yaml:1:8: hosts: must be a list, not \"a\"");
}

TEST_CASE("config: limits for each client are read where they belong") {
  const server::Limits limits =
      config_of(
          "limits: {connections_per_address: 2, connections_per_token: 3, topics_per_token: 4, "
          "publish_rate_per_address: 5, publish_rate_per_token: 6, publish_burst: 7s, "
          "tracked_clients: 8000}")
          .server.limits;
  CHECK(limits.connections_per_address == 2);
  CHECK(limits.connections_per_token == 3);
  CHECK(limits.topics_per_token == 4);
  CHECK(limits.publish_rate_per_address == 5);
  CHECK(limits.publish_rate_per_token == 6);
  CHECK(limits.publish_burst_ms == 7000);
  CHECK(limits.tracked_clients == 8000);
}

TEST_CASE("config: proxies and hosts are printed as they are read") {
  const Config config = config_of(
      "proxies: {trusted: [10.0.0.0/8, \"::1\", unix], header: forwarded, protocol: true}\n"
      "hosts: [a.example, \"[::2]\"]\n");
  CHECK(config_of(print(config)) == config);
  CHECK(config_of(print(config)).server.proxies.trusts_unix);
}

}  // namespace
}  // namespace ringcast::config::config_clients_test
