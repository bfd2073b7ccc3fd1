#include <utility>

#include "base/text.h"
#include "config/composite_keys.h"
#include "config/string_list.h"
#include "http/origin.h"

namespace ringcast::config {

namespace {

// Compared without port, in lower case.
Status check_host_name(std::string_view text) {
  const auto authority = http::parse_authority(text);
  if (!authority) {
    return fail(Errc::kInvalid,
                "write a host name or an address, as in broker.example, without wildcards");
  }
  if (text.size() != authority->name.size()) {
    return fail(Errc::kInvalid, "leave out the port: any port of a listed name will do");
  }
  if (text != authority->name) {
    return fail(Errc::kInvalid, "write it in lower case");
  }
  if (text.ends_with('.')) {
    return fail(Errc::kInvalid, "leave out the dot at the end");
  }
  return Ok{};
}

}  // namespace

Status read_hosts(const Node& value, std::string_view path, Config& config) {
  auto hosts = read_strings(value, path, check_host_name);
  if (!hosts) {
    return std::move(hosts).failure();
  }
  config.server.hosts = *std::move(hosts);
  return Ok{};
}

std::string print_hosts(const Config& config) {
  return " " + print_strings(config.server.hosts);
}

}  // namespace ringcast::config
