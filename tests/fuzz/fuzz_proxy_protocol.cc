#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/proxy_protocol.h"

namespace {

using ringcast::net::ProxyHeaderParser;

// What came out of an input.
struct Outcome {
  bool is_refused = false;
  bool is_done = false;
  size_t used = 0;
  std::string source;
  uint16_t port = 0;
  ProxyHeaderParser::Peer peer = ProxyHeaderParser::Peer::kProxy;
  bool operator==(const Outcome&) const = default;
};

void feed(ProxyHeaderParser& parser, Outcome& outcome, std::string_view piece) {
  if (outcome.is_refused || parser.is_done()) {
    return;
  }
  const auto used = parser.feed(piece);
  if (!used) {
    // How far it got depends on the pieces.
    outcome = {.is_refused = true};
    return;
  }
  outcome.used += *used;
  if (*used > piece.size() || (*used < piece.size() && !parser.is_done())) {
    std::abort();
  }
}

Outcome finished(const ProxyHeaderParser& parser, Outcome outcome) {
  if (outcome.is_refused) {
    return outcome;
  }
  outcome.is_done = parser.is_done();
  outcome.peer = parser.peer();
  outcome.source = parser.source().text();
  outcome.port = parser.source_port();
  if (outcome.used > ProxyHeaderParser::kMaxV2Bytes) {
    std::abort();
  }
  return outcome;
}

Outcome in_two(std::string_view input, size_t at) {
  ProxyHeaderParser parser;
  Outcome outcome;
  feed(parser, outcome, input.substr(0, at));
  feed(parser, outcome, input.substr(at));
  return finished(parser, outcome);
}

// The line of version 1 that says the same.
std::string line_of(const Outcome& outcome) {
  const std::string family = outcome.source.find(':') == std::string::npos ? "TCP4" : "TCP6";
  return "PROXY " + family + " " + outcome.source + " " + outcome.source + " " +
         std::to_string(outcome.port) + " 1\r\n";
}

}  // namespace

// A header means the same however it arrives, ends within its bounds, and its address can be
// written as a line that means the same again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Outcome whole = in_two(input, size);
  for (size_t at = 0; at < size; at += 1 + size / 128) {
    if (in_two(input, at) != whole) {
      std::abort();
    }
  }
  if (!whole.is_done || whole.peer != ProxyHeaderParser::Peer::kAddress) {
    return 0;
  }
  const std::string line = line_of(whole);
  const Outcome again = in_two(line, line.size());
  if (!again.is_done || again.source != whole.source || again.port != whole.port) {
    std::abort();
  }
  return 0;
}
