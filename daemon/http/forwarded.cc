#include "http/forwarded.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"

namespace ringcast::http {

namespace {

constexpr std::string_view kXForwardedFor = "x-forwarded-for";
constexpr std::string_view kForwarded = "forwarded";

bool is_port(std::string_view text) {
  const bool is_hidden = text.starts_with('_') && text.size() > 1;  // RFC 7239 section 6.
  const auto port = parse_uint(text);
  return is_hidden || (port && *port <= UINT16_MAX);
}

// The address of "192.0.2.1:80" or "[2001:db8::1]:80" without the rest; empty when it is not so
// built. `has_bare_ipv6`: "2001:db8::1" too.
std::string_view without_port(std::string_view node, bool has_bare_ipv6) {
  std::string_view address = node;
  std::string_view rest;
  if (node.starts_with('[')) {
    const size_t end = node.find(']');
    if (end == std::string_view::npos) {
      return {};
    }
    address = node.substr(1, end - 1);
    rest = node.substr(end + 1);
    if (address.find(':') == std::string_view::npos) {  // No IPv6 address.
      return {};
    }
  } else if (const size_t colon = node.find(':'); colon != std::string_view::npos) {
    if (node.find(':', colon + 1) != std::string_view::npos) {
      return has_bare_ipv6 ? node : std::string_view();
    }
    address = node.substr(0, colon);
    rest = node.substr(colon);
  }
  const bool is_whole = rest.empty() || (rest.starts_with(':') && is_port(rest.substr(1)));
  return is_whole ? address : std::string_view();
}

// An address of each proxy on the way, oldest first; empty where there is none.
using Hops = std::vector<std::string>;

void read_x_forwarded_for(std::string_view line, Hops& hops) {
  while (!line.empty()) {
    const size_t comma = std::min(line.find(','), line.size());
    const std::string_view node = trim(line.substr(0, comma));
    if (!node.empty()) {  // RFC 9110 section 5.6.1: empty elements of a list do not count.
      hops.emplace_back(without_port(node, true));
    }
    line.remove_prefix(std::min(comma + 1, line.size()));
  }
}

// Reads one line of Forwarded (RFC 7239 section 4).
class ForwardedLine {
 public:
  explicit ForwardedLine(std::string_view text) : rest_(text) {}

  // Nothing when the line is malformed: then it is not clear where its elements end.
  std::optional<Hops> hops() {
    Hops hops;
    skip_blanks();
    while (!rest_.empty()) {
      if (!take(',') && !read_element(hops)) {
        return std::nullopt;
      }
      skip_blanks();
    }
    return hops;
  }

 private:
  // for=..;proto=.., up to the comma or the end.
  bool read_element(Hops& hops) {
    std::optional<std::string> node;
    do {
      skip_blanks();
      if (rest_.empty() || rest_.starts_with(';') || rest_.starts_with(',')) {
        continue;  // A pair may be empty.
      }
      const std::string_view name = read_until("=,; \t\"");
      std::string value;
      if (name.empty() || !take('=') || !read_value(value)) {
        return false;
      }
      if (equals_ignoring_case(name, "for")) {
        if (node) {  // Once in each element.
          return false;
        }
        node = std::move(value);
      }
      skip_blanks();
    } while (take(';'));
    hops.emplace_back(without_port(node.value_or(""), false));
    return rest_.empty() || rest_.starts_with(',');
  }

  bool read_value(std::string& value) {
    if (take('"')) {
      return read_quoted(value);
    }
    // More than a token: proxies leave the quotes of for=192.0.2.1:80 out.
    value = read_until(",; \t\"");
    return !value.empty();
  }

  bool read_quoted(std::string& value) {
    while (!rest_.empty() && !rest_.starts_with('"')) {
      if (take('\\') && rest_.empty()) {
        return false;
      }
      value += rest_.front();
      rest_.remove_prefix(1);
    }
    return take('"');
  }

  std::string_view read_until(std::string_view ends) {
    const std::string_view read = rest_.substr(0, rest_.find_first_of(ends));
    rest_.remove_prefix(read.size());
    return read;
  }

  bool take(char c) {
    const bool is_there = rest_.starts_with(c);
    rest_.remove_prefix(is_there ? 1 : 0);
    return is_there;
  }

  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
  }

  std::string_view rest_;
};

// Several lines of one name are one list (RFC 9110 section 5.3).
Hops read_hops(const Request& request, ForwardedHeader header) {
  const bool is_standard = header == ForwardedHeader::kForwarded;
  Hops hops;
  for (const auto [name, line] : request.headers) {
    if (!equals_ignoring_case(name, is_standard ? kForwarded : kXForwardedFor)) {
      continue;
    }
    if (!is_standard) {
      read_x_forwarded_for(line, hops);
    } else if (auto read = ForwardedLine(line).hops()) {
      std::move(read->begin(), read->end(), std::back_inserter(hops));
    } else {
      hops.emplace_back();  // Ends the way: what a client has put before ours can do no more.
    }
  }
  return hops;
}

}  // namespace

ForwardedClient forwarded_client(const Request& request, ForwardedHeader header,
                                 const std::function<Hop(std::string_view)>& judge) {
  // What no proxy has had in its hands is the peer's own.
  ForwardedClient client{.address = {}, .is_known = !is_forwarded(request)};
  Hops hops = header == ForwardedHeader::kNone ? Hops() : read_hops(request, header);
  while (!hops.empty()) {
    const Hop hop = hops.back().empty() ? Hop::kInvalid : judge(hops.back());
    if (hop == Hop::kInvalid) {
      client.is_known = false;
      break;
    }
    client = {.address = std::move(hops.back()), .is_known = true};
    if (hop == Hop::kClient) {
      break;
    }
    hops.pop_back();
  }
  return client;
}

bool is_forwarded(const Request& request) {
  constexpr std::string_view kPrefix = "x-forwarded-";
  for (const auto [name, value] : request.headers) {
    if (equals_ignoring_case(name.substr(0, kPrefix.size()), kPrefix) ||
        equals_ignoring_case(name, kForwarded) || equals_ignoring_case(name, "via") ||
        equals_ignoring_case(name, "x-real-ip")) {
      return true;
    }
  }
  return false;
}

}  // namespace ringcast::http
