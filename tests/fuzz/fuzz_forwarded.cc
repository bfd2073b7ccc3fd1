#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "http/forwarded.h"
#include "http/origin.h"
#include "net/ip_address.h"

namespace {

using ringcast::http::ForwardedClient;
using ringcast::http::ForwardedHeader;
using ringcast::http::Hop;
using ringcast::http::Request;
using ringcast::net::IpAddress;
using ringcast::net::IpPrefix;

Hop judge(std::string_view text) {
  static const auto trusted = IpPrefix::parse("10.0.0.0/8");
  const auto address = IpAddress::parse(text);
  if (!address) {
    return Hop::kInvalid;
  }
  if (IpAddress::parse(address->text()) != address) {
    std::abort();
  }
  return trusted->contains(*address) ? Hop::kTrusted : Hop::kClient;
}

Request request_with(std::string_view name, const std::vector<std::string_view>& lines) {
  Request request;
  for (const std::string_view line : lines) {
    request.headers.emplace_back(name, line);
  }
  return request;
}

// What our own proxies append decides, whatever stands before it in a line of its own.
void check_walk(std::string_view name, ForwardedHeader header,
                const std::vector<std::string_view>& lines, const std::string& prefix) {
  const ForwardedClient client = forwarded_client(request_with(name, lines), header, judge);
  if (!client.address.empty() && judge(client.address) == Hop::kInvalid) {
    std::abort();
  }
  std::vector<std::string_view> longer = lines;
  const std::string known = prefix + "192.0.2.1, " + prefix + "10.0.0.1";
  longer.push_back(known);
  const ForwardedClient other = forwarded_client(request_with(name, longer), header, judge);
  if (!other.is_known || other.address != "192.0.2.1") {
    std::abort();
  }
  longer.back() = std::string_view(known).substr(known.rfind(prefix + "10."));
  const ForwardedClient beyond = forwarded_client(request_with(name, longer), header, judge);
  const bool is_same =
      client.address.empty() ? beyond.address == "10.0.0.1" : beyond.address == client.address;
  if (!is_same) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> lines;
  for (size_t begin = 0; begin <= size;) {
    const size_t end = std::min(input.find('\n', begin), size);
    lines.push_back(input.substr(begin, end - begin));
    begin = end + 1;
  }
  check_walk("X-Forwarded-For", ForwardedHeader::kXForwardedFor, lines, "");
  check_walk("Forwarded", ForwardedHeader::kForwarded, lines, "for=");
  // An authority is the same when it is written again.
  if (const auto read = ringcast::http::parse_authority(input)) {
    const std::string text = read->name + (read->port ? ":" + std::to_string(*read->port) : "");
    const auto again = ringcast::http::parse_authority(text);
    if (!again || *again != *read) {
      std::abort();
    }
  }
  return 0;
}
