#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/stream.h"
#include "net/tls_context.h"
#include "support/tls_client.h"
#include "support/tls_files.h"

// Each test ends with the loop's destructor, which asserts that no handle is left.
namespace ringcast::net::net_tls_test {
namespace {

using test::TlsClient;

struct Events : StreamEvents {
  void on_readable() override { readable(); }
  void on_writable() override { writable(); }
  void on_failed() override { failed(); }
  std::function<void()> readable = [] {};
  std::function<void()> writable = [] {};
  std::function<void()> failed = [] {};
};

TlsContext make_context(TlsOptions::Version minimum) {
  const test::TlsFiles files;
  TlsOptions options = files.make("server");
  options.minimum = minimum;
  std::vector<std::string> notes;
  Result<TlsContext> context = TlsContext::load(options, notes);
  REQUIRE(context);
  CHECK(notes.empty());
  return std::move(*context);
}

// A TLS stream whose owner reads all it is told of, and a client on the other end of its socket.
struct Pair {
  explicit Pair(const TlsClient::Options& options = {},
                TlsOptions::Version minimum = TlsOptions::Version::k12)
      : context(make_context(minimum)) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
    peer = ends[1];
    stream.emplace(std::move(*Stream::adopt(loop, ends[0], events, &context)));
    client.emplace(peer, options);
    events.readable = [this] { read(); };
    events.failed = events.readable;
    stream->set_reading(true);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() { close_peer(); }

  void close_peer() {
    if (peer >= 0) {
      ::close(std::exchange(peer, -1));
    }
  }
  void read() {
    std::vector<char> buffer(read_size);
    size_t size = 0;
    last = stream->read(buffer, size);
    results.push_back(last);
    arrived.append(buffer.data(), size);
    if (last == Stream::Read::kEnd || last == Stream::Read::kFailed) {
      stream->set_reading(false);
    }
  }
  size_t write(std::vector<std::string_view> pieces) { return stream->write(pieces); }
  // One turn of the loop, which does not wait; true when something was told.
  void turn() { uv_run(loop.raw(), UV_RUN_NOWAIT); }
  // Both ends, until neither has anything to do.
  void settle(size_t most_in = TlsClient::kAll, size_t most_out = TlsClient::kAll) {
    for (int idle = 0; idle < 3;) {
      const size_t before = results.size();
      idle = client->pump(most_in, most_out) ? 0 : idle + 1;
      turn();
      idle = results.size() != before && last == Stream::Read::kData ? 0 : idle;
    }
  }

  TlsContext context;
  Loop loop;
  Events events;
  int peer = -1;
  size_t read_size = 65536;
  Stream::Read last = Stream::Read::kNothing;
  std::vector<Stream::Read> results;
  std::string arrived;
  std::optional<Stream> stream;
  std::optional<TlsClient> client;
};

std::string protocol_of(const TlsClient& client) {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(client.raw(), &name, &size);
  return size == 0 ? "" : std::string(reinterpret_cast<const char*>(name), size);
}

constexpr std::array kVersions = {TLS1_2_VERSION, TLS1_3_VERSION};

TEST_CASE("net: a TLS stream shakes hands while its owner only reads, and then both can talk") {
  for (const int version : kVersions) {
    CAPTURE(version);
    Pair pair({.minimum = version, .maximum = version});
    pair.settle();
    REQUIRE(pair.client->is_ready());
    CHECK(SSL_version(pair.client->raw()) == version);
    CHECK(protocol_of(*pair.client) == "http/1.1");
    CHECK(pair.arrived.empty());
    pair.client->write("question");
    pair.settle();
    CHECK(pair.arrived == "question");
    CHECK(pair.write({"ans", "wer"}) == 6);
    pair.settle();
    CHECK(pair.client->received == "answer");
  }
}

TEST_CASE("net: a TLS client without ALPN is served, one that speaks only others is refused") {
  Pair silent({.alpn = ""});
  silent.settle();
  CHECK(silent.client->is_ready());
  Pair other({.alpn = "h2"});
  other.settle();
  CHECK(other.client->has_failed());
  CHECK(other.last == Stream::Read::kFailed);
}

TEST_CASE("net: versions of TLS below the minimum are refused") {
  Pair old({.minimum = TLS1_1_VERSION, .maximum = TLS1_1_VERSION});
  old.settle();
  CHECK(old.client->has_failed());
  CHECK(old.last == Stream::Read::kFailed);
  Pair strict({.maximum = TLS1_2_VERSION}, TlsOptions::Version::k13);
  strict.settle();
  CHECK(strict.client->has_failed());
  Pair fine({.minimum = TLS1_3_VERSION}, TlsOptions::Version::k13);
  fine.settle();
  CHECK(fine.client->is_ready());
}

TEST_CASE("net: what a TLS stream writes reaches a slow reader whole and in order") {
  for (const int version : kVersions) {
    CAPTURE(version);
    Pair pair({.minimum = version, .maximum = version});
    pair.settle();
    std::string text;
    while (text.size() < 3 << 20) {
      text += std::to_string(text.size()) + ",";
    }
    size_t written = pair.write({text});
    REQUIRE(written < text.size());
    CHECK(pair.stream->has_unsent());
    CHECK(pair.write({"not yet"}) == 0);  // Behind what waits nothing is taken.
    int told = 0;
    pair.events.writable = [&] {
      ++told;
      CHECK_FALSE(pair.stream->has_unsent());  // What waited goes before the owner is told.
      written += pair.write({std::string_view(text).substr(written)});
    };
    pair.settle(10'007);
    CHECK(told > 0);
    CHECK(written == text.size());
    CHECK_FALSE(pair.stream->has_unsent());
    CHECK(pair.client->received == text);
  }
}

TEST_CASE("net: a TLS stream that took everything does not tell its owner when it is out") {
  Pair pair;
  pair.settle();
  const std::string block(100, 'x');
  size_t written = 0;
  while (!pair.stream->has_unsent()) {
    REQUIRE(pair.write({block}) == block.size());
    written += block.size();
  }
  pair.events.writable = [] { FAIL_CHECK("told although it waits for nothing"); };
  pair.settle();
  CHECK(pair.client->received.size() == written);
}

TEST_CASE("net: small pieces become one record, and large ones several") {
  Pair pair;
  pair.settle();
  CHECK(pair.write({"", "a", "bc", "", "d"}) == 4);
  pair.settle();
  CHECK(pair.client->received == "abcd");
  CHECK(pair.client->records() == 1);
  const std::string odd(16'380, 'o');
  const std::string large(40'000, 'l');
  CHECK(pair.write({odd, "head", large, "tail"}) == odd.size() + large.size() + 8);
  pair.settle();
  CHECK(pair.client->received == "abcd" + odd + "head" + large + "tail");
  CHECK(pair.client->records() == 1 + 4);
}

TEST_CASE("net: TLS records that come byte by byte are put together") {
  for (const int version : kVersions) {
    CAPTURE(version);
    Pair pair({.minimum = version, .maximum = version});
    pair.settle(TlsClient::kAll, 1);
    REQUIRE(pair.client->is_ready());
    pair.client->write("slowly");
    while (pair.client->unsent() > 1) {
      pair.client->pump(0, 1);
      pair.turn();
    }
    CHECK(pair.arrived.empty());
    pair.settle();
    CHECK(pair.arrived == "slowly");
  }
}

TEST_CASE("net: what TLS has decrypted is told again until it was read, though no more comes") {
  Pair pair;
  pair.settle();
  pair.read_size = 1000;
  const std::string text(50'000, 't');
  pair.client->write(text);
  pair.settle();
  CHECK(pair.arrived == text);
}

TEST_CASE("net: what TLS has decrypted waits while the owner does not read") {
  Pair pair;
  pair.settle();
  pair.read_size = 10;
  pair.client->write("0123456789abc");
  pair.events.readable = [&] {
    pair.read();
    pair.stream->set_reading(false);
  };
  pair.settle();
  CHECK(pair.arrived == "0123456789");
  pair.stream->set_reading(true);
  pair.settle();
  CHECK(pair.arrived == "0123456789abc");
}

TEST_CASE("net: the end of a TLS client is told after its data, with FIN and without") {
  for (const bool says_so : {true, false}) {
    CAPTURE(says_so);
    Pair pair;
    pair.settle();
    pair.client->write("last");
    if (says_so) {
      pair.client->close_notify();
    }
    pair.client->pump();
    if (!says_so) {
      ::shutdown(pair.peer, SHUT_WR);
    }
    pair.results.clear();
    pair.settle();
    CHECK(pair.results == std::vector{Stream::Read::kData, Stream::Read::kEnd});
    CHECK(pair.arrived == "last");
    CHECK(pair.write({"answer"}) == 6);  // Half-closed: the answer still goes.
  }
}

TEST_CASE("net: a TLS client that is gone is told, and writing to it raises no signal") {
  Pair pair;
  pair.settle();
  REQUIRE(pair.write({"never read"}) == 10);
  pair.close_peer();
  CHECK(pair.write({"abc", "de"}) == 5);
  CHECK(pair.stream->has_failed());
  CHECK(pair.write({"more"}) == 4);
  pair.turn();
  pair.turn();
  CHECK(pair.last == Stream::Read::kFailed);
  pair.loop.run();  // Does not wait for a socket that will never be writable.
}

TEST_CASE("net: a TLS client that goes away while ciphertext waits for it is told") {
  Pair pair;
  pair.settle();
  const std::string text(1 << 20, 'x');
  REQUIRE(pair.write({text}) < text.size());
  bool was_told = false;
  pair.events.failed = [&] { was_told = true; };
  pair.events.readable = [&] {
    pair.read();
    was_told = was_told || pair.last == Stream::Read::kFailed;
  };
  pair.close_peer();
  for (int turns = 0; turns < 5; ++turns) {
    pair.turn();
  }
  CHECK(was_told);
}

TEST_CASE(
    "net: in a handshake that stalls nothing is taken, and the owner is told when it is over") {
  Pair pair;
  pair.turn();
  int told = 0;
  pair.events.writable = [&] {
    ++told;
    CHECK(pair.write({"early"}) == 5);
  };
  CHECK(pair.write({"early"}) == 0);
  for (int turns = 0; turns < 10; ++turns) {
    pair.turn();  // The socket could be written to, and is not asked.
  }
  CHECK(told == 0);
  CHECK(pair.results.empty());
  pair.settle();
  CHECK(told == 1);
  CHECK(pair.client->received == "early");
}

TEST_CASE("net: a TLS stream ends with close_notify and FIN behind its data, and still reads") {
  Pair pair;
  pair.settle();
  const std::string text(1 << 20, 'x');
  const size_t written = pair.write({text});
  REQUIRE(pair.stream->has_unsent());
  pair.stream->shutdown_write();
  CHECK(pair.stream->has_unsent());
  pair.settle();
  CHECK(pair.client->received == text.substr(0, written));
  CHECK(pair.client->is_ended());
  CHECK(pair.client->is_closed());
  CHECK_FALSE(pair.stream->has_unsent());
  pair.client->write("late");
  pair.settle();
  CHECK(pair.arrived == "late");
}

TEST_CASE("net: a TLS stream that ends within the handshake closes its side") {
  Pair pair;
  pair.stream->shutdown_write();
  pair.settle();
  CHECK(pair.client->is_closed());
  CHECK_FALSE(pair.client->is_ready());
}

TEST_CASE("net: who speaks HTTP to a TLS port is told so in HTTP") {
  Pair pair;
  const std::string request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  REQUIRE(::send(pair.peer, request.data(), request.size(), MSG_NOSIGNAL) > 0);
  pair.turn();
  CHECK(pair.last == Stream::Read::kFailed);
  CHECK(pair.stream->has_failed());
  pair.stream.reset();
  std::array<char, 1000> bytes{};
  const ssize_t got = ::recv(pair.peer, bytes.data(), bytes.size(), 0);
  REQUIRE(got > 0);  // No reset has overtaken it.
  const std::string answer(bytes.data(), static_cast<size_t>(got));
  CHECK(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  const size_t body = answer.find("\r\n\r\n") + 4;
  CHECK(answer.find("Content-Length: " + std::to_string(answer.size() - body) + "\r\n") !=
        std::string::npos);
  CHECK(answer.substr(body) == "This port speaks TLS: use https://\n");
}

TEST_CASE("net: garbage ends its own TLS connection, and no other on the same thread") {
  Pair good;
  Pair bad;
  good.settle();
  const std::string garbage("\x16\x03\x01\xff\xff garbage", 14);
  REQUIRE(::send(bad.peer, garbage.data(), garbage.size(), MSG_NOSIGNAL) > 0);
  bad.turn();
  CHECK(bad.last == Stream::Read::kFailed);
  good.client->write("fine");
  good.settle();
  CHECK(good.arrived == "fine");
  CHECK(good.last != Stream::Read::kFailed);
  CHECK(good.write({"yes"}) == 3);
}

TEST_CASE("net: a TLS client cannot make the server shake hands again") {
  Pair pair({.maximum = TLS1_2_VERSION});
  pair.settle();
  pair.client->renegotiate();
  pair.settle();
  CHECK(pair.client->has_failed());  // no_renegotiation, in OpenSSL's client.
  CHECK(SSL_total_renegotiations(pair.client->raw()) <= 1);
}

TEST_CASE("net: a TLS client that asks for key updates and takes none is not read any more") {
  Pair pair({.minimum = TLS1_3_VERSION});
  pair.settle();
  const std::string text(1 << 20, 'x');
  REQUIRE(pair.write({text}) < text.size());  // The socket is full.
  constexpr int kMany = 200'000;
  int asked = 0;
  for (size_t stuck = 0; asked < kMany && stuck < 200; ++asked) {
    pair.client->ask_for_key_update();
    stuck = pair.client->pump(0) ? 0 : stuck + 1;
    pair.turn();
  }
  CHECK(asked < kMany);
  pair.settle();  // It goes on once it reads.
  CHECK_FALSE(pair.stream->has_unsent());
  pair.client->write("friends");
  pair.settle();
  CHECK(pair.arrived == "friends");
}

TEST_CASE("net: a TLS stream that has moved goes on where it was") {
  Pair pair;
  pair.client->pump();
  pair.turn();
  std::optional<Stream> moved(std::move(*pair.stream));
  pair.stream.emplace(std::move(*moved));
  moved.reset();
  pair.settle();
  pair.client->write("x");
  pair.settle();
  CHECK(pair.arrived == "x");
}

}  // namespace
}  // namespace ringcast::net::net_tls_test
