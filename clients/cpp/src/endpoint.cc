#include "cpp/src/endpoint.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/text.h"
#include "cpp/src/errors.h"
#include "ringcast/client.h"

namespace ringcast::client {
namespace {

constexpr std::string_view kUnixScheme = "unix:";

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

void append_encoded(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  if (is_unreserved(c)) {
    out.push_back(c);
    return;
  }
  const auto byte = static_cast<unsigned char>(c);
  out.push_back('%');
  out.push_back(kDigits[byte >> 4U]);
  out.push_back(kDigits[byte & 15U]);
}

bool is_loopback(std::string_view host) {
  const bool is_ipv4 = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "[::1]" || (is_ipv4 && host.starts_with("127."));
}

// The host of "host", "host:port", "[v6]" and "[v6]:port".
std::string_view host_of(std::string_view authority) {
  const size_t from = authority.starts_with('[') ? authority.find(']') : 0;
  return from == std::string_view::npos ? authority
                                        : authority.substr(0, authority.find(':', from));
}

// Would a proxy rewrite these segments if the slashes between them were plain?
bool has_fragile_segment(std::string_view topic) {
  for (size_t begin = 0; begin <= topic.size();) {
    const size_t end = std::min(topic.find('/', begin), topic.size());
    const auto segment = topic.substr(begin, end - begin);
    if (segment.empty() || segment == "." || segment == "..") {
      return true;
    }
    begin = end + 1;
  }
  return false;
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  if (text.starts_with(kUnixScheme)) {
    const auto path = text.substr(kUnixScheme.size());
    if (!path.starts_with('/')) {
      return invalid("the URL '" + std::string(text) + "' wants unix:/an/absolute/path");
    }
    return Endpoint{
        .base_url = "http://localhost", .unix_path = std::string(path), .is_local = true};
  }
  const std::string lower = to_lower(text.substr(0, 8));
  size_t scheme = 0;
  if (lower.starts_with("http://")) {
    scheme = 7;
  } else if (lower.starts_with("https://")) {
    scheme = 8;
  } else {
    return invalid("the URL '" + std::string(text) +
                   "' does not start with http://, https:// or unix:");
  }
  if (text.find_first_of("?#") != std::string_view::npos) {
    return invalid("the URL '" + std::string(text) + "' has a query or a fragment");
  }
  const auto rest = text.substr(scheme);
  const auto authority = rest.substr(0, rest.find('/'));
  if (authority.find('@') != std::string_view::npos) {
    return invalid("the URL holds credentials: a token is given by itself");
  }
  const auto host = host_of(authority);
  if (host.empty()) {
    return invalid("the URL '" + std::string(text) + "' names no host");
  }
  std::string base(text);
  base.erase(base.find_last_not_of('/') + 1);
  return Endpoint{
      .base_url = std::move(base), .unix_path = {}, .is_local = is_loopback(to_lower(host))};
}

std::string percent_encode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    append_encoded(out, c);
  }
  return out;
}

// Slashes stay readable where nothing on the way is known to rewrite them, and become %2F where a
// proxy would merge empty or resolve "." and ".." segments.
std::string topic_path(std::string_view topic) {
  std::string out = "/topics/";
  const bool keep_slashes = !has_fragile_segment(topic);
  for (const char c : topic) {
    if (c == '/' && keep_slashes) {
      out.push_back('/');
    } else {
      append_encoded(out, c);
    }
  }
  return out;
}

void Query::add(std::string_view name, std::string_view value) {
  text_.append(text_.empty() ? "?" : "&").append(name).append("=").append(percent_encode(value));
}

}  // namespace ringcast::client
