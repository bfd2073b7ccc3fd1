#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "net/proxy_protocol.h"

namespace ringcast::net::net_proxy_protocol_test {
namespace {

using Peer = ProxyHeaderParser::Peer;

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

// A version 2 header: version and command, family and transport, and what follows the length.
std::string v2(int command, int family, const std::string& rest) {
  std::string header = kSignature;
  header += static_cast<char>(command);
  header += static_cast<char>(family);
  header += static_cast<char>(rest.size() >> 8);
  header += static_cast<char>(rest.size() & 0xFF);
  return header + rest;
}

// 192.0.2.1:4096 to 192.0.2.2:80.
const std::string kInet("\xC0\x00\x02\x01\xC0\x00\x02\x02\x10\x00\x00\x50", 12);

// fd00::7, port 4096, to ::, port 80.
std::string inet6() {
  std::string bytes("\xFD");
  bytes += std::string(14, '\0') + "\x07" + std::string(16, '\0');
  return bytes + std::string("\x10\x00\x00\x50", 4);
}

// What came of bytes that arrived in these pieces.
struct Outcome {
  std::string error;
  bool is_done = false;
  size_t used = 0;
  Peer peer = Peer::kProxy;
  std::string source;
  uint16_t port = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome outcome_of(const std::vector<std::string>& pieces) {
  ProxyHeaderParser parser;
  Outcome outcome;
  for (const std::string& piece : pieces) {
    if (parser.is_done()) {
      break;
    }
    const auto used = parser.feed(piece);
    if (!used) {
      CHECK(used.error().code == Errc::kInvalid);
      return {.error = used.error().detail};
    }
    outcome.used += *used;
  }
  outcome.is_done = parser.is_done();
  outcome.peer = parser.peer();
  outcome.source = parser.source().text();
  outcome.port = parser.source_port();
  return outcome;
}

// The same at every split of the bytes, and one by one.
Outcome outcome(const std::string& bytes) {
  const Outcome whole = outcome_of({bytes});
  std::vector<std::string> single;
  for (size_t i = 0; i < bytes.size(); ++i) {
    CHECK(outcome_of({bytes.substr(0, i), bytes.substr(i)}) == whole);
    single.push_back(bytes.substr(i, 1));
  }
  CHECK(outcome_of(single) == whole);
  return whole;
}

// Every proper part of a header wants more.
void check_address(const std::string& header, const std::string& source, uint16_t port) {
  const Outcome got = outcome(header + "GET / HTTP/1.1\r\n");
  CHECK(got.error == "");
  CHECK(got.is_done);
  CHECK(got.used == header.size());
  CHECK(got.peer == Peer::kAddress);
  CHECK(got.source == source);
  CHECK(got.port == port);
  for (size_t size = 0; size < header.size(); ++size) {
    const Outcome part = outcome_of({header.substr(0, size)});
    CHECK(part.error == "");
    CHECK_FALSE(part.is_done);
    CHECK(part.used == size);
  }
}

void check_peer(const std::string& header, Peer peer) {
  const Outcome got = outcome(header + "G");
  CHECK(got.error == "");
  CHECK(got.is_done);
  CHECK(got.used == header.size());
  CHECK(got.peer == peer);
}

std::string error_of(const std::string& bytes) {
  return outcome(bytes).error;
}

TEST_CASE("net: a PROXY line gives the client's address, and what follows it stays") {
  check_address("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n", "192.0.2.1", 56324);
  check_address("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n", "2001:db8::1", 1);
  check_address("PROXY TCP6 ::ffff:192.0.2.1 ::1 0 0\r\n", "192.0.2.1", 0);
}

TEST_CASE("net: an UNKNOWN PROXY line gives no address, whatever follows the word") {
  check_peer("PROXY UNKNOWN\r\n", Peer::kUnknown);
  check_peer("PROXY UNKNOWN ffff::1 nonsense \r \n\r\n", Peer::kUnknown);
}

TEST_CASE("net: a PROXY line has 107 bytes at most") {
  const std::string begin = "PROXY UNKNOWN ";
  const auto line = [&](size_t size) {
    return begin + std::string(size - begin.size() - 2, 'x') + "\r\n";
  };
  check_peer(line(106), Peer::kUnknown);
  check_peer(line(107), Peer::kUnknown);
  CHECK(error_of(line(108)) == "PROXY protocol: the line is over 107 bytes");
}

TEST_CASE("net: a bad PROXY line is an error that says what is wrong") {
  CHECK(error_of("PROXY TCP5 1.1.1.1 1.1.1.2 1 2\r\n") ==
        "PROXY protocol: the family must be TCP4, TCP6 or UNKNOWN");
  CHECK(error_of("PROXY \r\n") == "PROXY protocol: the family must be TCP4, TCP6 or UNKNOWN");
  for (const char* line :
       {"PROXY TCP4\r\n", "PROXY TCP4 1.1.1.1\r\n", "PROXY TCP4 1.1.1.1 x 1 2\r\n",
        "PROXY TCP4 ::1 ::2 1 2\r\n", "PROXY TCP6 1.1.1.1 1.1.1.2 1 2\r\n",
        "PROXY TCP4  1.1.1.1 1.1.1.2 1 2\r\n", "PROXY TCP4 1.1.1.01 1.1.1.2 1 2\r\n"}) {
    CAPTURE(line);
    CHECK(error_of(line).starts_with("PROXY protocol: needs two addresses of the family TCP"));
  }
  for (const char* line :
       {"PROXY TCP4 1.1.1.1 1.1.1.2\r\n", "PROXY TCP4 1.1.1.1 1.1.1.2 1\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.2 1 65536\r\n", "PROXY TCP4 1.1.1.1 1.1.1.2 65536 1\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.2 01 1\r\n", "PROXY TCP4 1.1.1.1 1.1.1.2 -1 1\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.2 1 2 \r\n", "PROXY TCP4 1.1.1.1 1.1.1.2 1 2 3\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.2 1 2\r\r\n"}) {
    CAPTURE(line);
    CHECK(error_of(line) == "PROXY protocol: needs two ports from 0 to 65535");
  }
}

TEST_CASE("net: what does not begin with a PROXY header fails with its first wrong byte") {
  const std::string expected = "PROXY protocol: the connection does not begin with its header";
  for (const char* bytes :
       {"G", "POST / HTTP/1.1", "PROXYTCP4", "proxy ", "\n", "\r\r", "\r\n\r\nX"}) {
    CAPTURE(bytes);
    CHECK(error_of(bytes) == expected);
  }
  std::string late = kSignature;
  late.back() = '\r';
  CHECK(error_of(late) == expected);
}

TEST_CASE("net: a binary PROXY header gives the client's address") {
  check_address(v2(0x21, 0x11, kInet), "192.0.2.1", 4096);
  check_address(v2(0x21, 0x21, inet6()), "fd00::7", 4096);
}

TEST_CASE("net: extensions of a binary PROXY header are skipped") {
  check_address(v2(0x21, 0x11, kInet + std::string(500, '\n')), "192.0.2.1", 4096);
}

TEST_CASE("net: a LOCAL PROXY header is the proxy itself, with any family") {
  check_peer(v2(0x20, 0x00, ""), Peer::kProxy);
  check_peer(v2(0x20, 0x11, kInet), Peer::kProxy);
  check_peer(v2(0x20, 0xFF, "x"), Peer::kProxy);
}

TEST_CASE("net: families without an IP address of a connection leave the client unknown") {
  check_peer(v2(0x21, 0x00, ""), Peer::kUnknown);
  check_peer(v2(0x21, 0x00, "extension"), Peer::kUnknown);
  check_peer(v2(0x21, 0x12, kInet), Peer::kUnknown);                  // UDP.
  check_peer(v2(0x21, 0x31, std::string(216, 'p')), Peer::kUnknown);  // A unix socket.
}

TEST_CASE("net: a bad binary PROXY header is an error that says what is wrong") {
  CHECK(error_of(v2(0x11, 0x11, kInet)) ==
        "PROXY protocol: version 2 has no such version or command");
  CHECK(error_of(v2(0x22, 0x11, kInet)) ==
        "PROXY protocol: version 2 has no such version or command");
  CHECK(error_of(v2(0x21, 0x41, kInet)) == "PROXY protocol: version 2 has no such family");
  CHECK(error_of(v2(0x21, 0x13, kInet)) == "PROXY protocol: version 2 has no such family");
}

TEST_CASE("net: a binary PROXY header has room for the addresses of its family") {
  const std::string expected = "PROXY protocol: the header is too short for its addresses";
  CHECK(error_of(v2(0x21, 0x11, kInet.substr(1))) == expected);
  CHECK(error_of(v2(0x21, 0x21, inet6().substr(1))) == expected);
  CHECK(error_of(v2(0x21, 0x31, std::string(215, 'p'))) == expected);
}

TEST_CASE("net: a binary PROXY header has 2,048 bytes at most") {
  const auto header = [](size_t size) {
    return v2(0x21, 0x11, kInet + std::string(size - 16 - kInet.size(), '\0'));
  };
  CHECK(outcome_of({header(2047)}).is_done);
  CHECK(outcome_of({header(2048)}).used == 2048);
  CHECK(outcome_of({header(2048)}).source == "192.0.2.1");
  CHECK(outcome_of({header(2049)}).error == "PROXY protocol: the header is over 2048 bytes");
}

}  // namespace
}  // namespace ringcast::net::net_proxy_protocol_test
