#include <algorithm>
#include <iterator>
#include <utility>

#include "config/composite_keys.h"
#include "config/string_list.h"

namespace ringcast::config {

namespace {

// Peers on unix sockets, which have no address.
constexpr std::string_view kUnix = "unix";

Status check_trusted(std::string_view text) {
  if (text == kUnix) {
    return Ok{};
  }
  auto prefix = net::IpPrefix::parse(text);
  return prefix ? Status(Ok{}) : std::move(prefix).failure();
}

}  // namespace

Status read_trusted(const Node& value, std::string_view path, Config& config) {
  const auto texts = read_strings(value, path, check_trusted);
  if (!texts) {
    return Failure{texts.error()};
  }
  server::ProxyOptions& proxies = config.server.proxies;
  proxies.trusted.clear();
  proxies.trusts_unix = false;
  for (const std::string& text : *texts) {
    if (auto prefix = net::IpPrefix::parse(text)) {
      proxies.trusted.push_back(*prefix);
    } else {
      proxies.trusts_unix = true;
    }
  }
  return Ok{};
}

std::string print_trusted(const Config& config) {
  const server::ProxyOptions& proxies = config.server.proxies;
  std::vector<std::string> texts;
  if (proxies.trusts_unix) {
    texts.emplace_back(kUnix);
  }
  std::transform(proxies.trusted.begin(), proxies.trusted.end(), std::back_inserter(texts),
                 [](const net::IpPrefix& prefix) { return prefix.text(); });
  return " " + print_strings(texts);
}

}  // namespace ringcast::config
