#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/stream.h"

// Each test ends with the loop's destructor, which asserts that no handle is left.
namespace ringcast::net::net_stream_test {
namespace {

struct Events : StreamEvents {
  void on_readable() override { readable(); }
  void on_writable() override { writable(); }
  void on_failed() override { failed(); }
  std::function<void()> readable = [] {};
  std::function<void()> writable = [] {};
  std::function<void()> failed = [] {};
};

// A stream on one end of a socket pair; the test holds the other end.
struct Pair {
  Pair() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
    descriptor = ends[0];
    peer = ends[1];
    stream.emplace(std::move(*Stream::adopt(loop, descriptor, events)));
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() { close_peer(); }

  void close_peer() {
    if (peer >= 0) {
      ::close(std::exchange(peer, -1));
    }
  }
  void peer_sends(std::string_view text) const {
    REQUIRE(::send(peer, text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
  }
  // What has come to the other end until now.
  [[nodiscard]] std::string peer_takes() const {
    std::string all;
    std::array<char, 65536> bytes{};
    for (ssize_t got = 1; got > 0;) {
      got = ::recv(peer, bytes.data(), bytes.size(), 0);
      all.append(bytes.data(), got > 0 ? static_cast<size_t>(got) : 0);
    }
    return all;
  }
  std::pair<Stream::Read, std::string> read(size_t most = 100) {
    std::vector<char> buffer(most);
    size_t size = 0;
    const Stream::Read result = stream->read(buffer, size);
    return {result, std::string(buffer.data(), size)};
  }
  size_t write(std::vector<std::string_view> pieces) { return stream->write(pieces); }

  Loop loop;
  Events events;
  int descriptor = -1;
  int peer = -1;
  std::optional<Stream> stream;
};

bool is_open(int descriptor) {
  return ::fcntl(descriptor, F_GETFD) >= 0;
}

TEST_CASE("net: a stream reads what is there, then says that there is nothing") {
  Pair pair;
  CHECK(pair.read().first == Stream::Read::kNothing);
  pair.peer_sends("hello");
  CHECK(pair.read(3) == std::pair{Stream::Read::kData, std::string("hel")});
  CHECK(pair.read(3) == std::pair{Stream::Read::kData, std::string("lo")});
  CHECK(pair.read().first == Stream::Read::kNothing);
}

TEST_CASE("net: a stream tells its owner that it can be read, again and again until it was") {
  Pair pair;
  int told = 0;
  pair.events.readable = [&] {
    if (++told == 3) {
      CHECK(pair.read().second == "x");
      pair.stream->set_reading(false);
    }
  };
  pair.stream->set_reading(true);
  pair.peer_sends("x");
  pair.loop.run();
  CHECK(told == 3);
}

TEST_CASE("net: a stream that is not to read tells nothing") {
  Pair pair;
  pair.events.readable = [] { FAIL_CHECK("told although it does not read"); };
  pair.peer_sends("x");
  pair.loop.run();
  pair.stream->set_reading(true);
  pair.stream->set_reading(false);
  pair.loop.run();
  CHECK(pair.read().second == "x");
}

TEST_CASE("net: the end of the peer's side is told, and comes after its data") {
  Pair pair;
  std::vector<Stream::Read> results;
  pair.events.readable = [&] {
    results.push_back(pair.read().first);
    if (results.back() != Stream::Read::kData) {
      pair.stream->set_reading(false);
    }
  };
  pair.stream->set_reading(true);
  pair.peer_sends("last");
  ::shutdown(pair.peer, SHUT_WR);
  pair.loop.run();
  CHECK(results == std::vector{Stream::Read::kData, Stream::Read::kEnd});
  // Half-closed: the answer still arrives.
  CHECK(pair.write({"answer"}) == 6);
  CHECK(pair.peer_takes() == "answer");
}

TEST_CASE("net: a reset is told to the owner, and reading says it as well") {
  Pair pair;
  CHECK(pair.write({"never read"}) == 10);
  bool was_told = false;
  pair.events.readable = [&] {
    was_told = true;
    CHECK(pair.read().first == Stream::Read::kFailed);
    pair.stream->set_reading(false);
  };
  pair.events.failed = pair.events.readable;
  pair.stream->set_reading(true);
  pair.close_peer();  // With unread data, which resets.
  pair.loop.run();
  CHECK(was_told);
  CHECK(pair.stream->has_failed());
}

TEST_CASE("net: writing to a peer that is gone fails without a signal and takes everything") {
  Pair pair;
  pair.close_peer();
  CHECK(pair.write({"abc", "de"}) == 5);
  CHECK(pair.stream->has_failed());
  CHECK(pair.write({"more"}) == 4);
  pair.loop.run();  // Does not wait for a socket that will never be writable.
}

TEST_CASE("net: pieces go out in order, and empty ones do no harm") {
  Pair pair;
  CHECK(pair.write({"", "a", "", "bc", "d"}) == 4);
  CHECK(pair.peer_takes() == "abcd");
  CHECK(pair.write({}) == 0);
  CHECK(pair.write({""}) == 0);
  CHECK_FALSE(pair.stream->has_failed());
  pair.loop.run();
}

TEST_CASE("net: a stream says when a full socket can take more, and nothing is lost or doubled") {
  constexpr size_t kBytes = 4 << 20;
  Pair pair;
  std::string text(kBytes, '\0');
  for (size_t index = 0; index < kBytes; ++index) {
    text[index] = static_cast<char>('a' + index * 7919 % 26);
  }
  size_t written = 0;
  int told = 0;
  const auto write_more = [&] {
    const std::string_view rest = std::string_view(text).substr(written);
    written += pair.write({rest.substr(0, rest.size() / 2), rest.substr(rest.size() / 2)});
  };
  write_more();
  REQUIRE(written < kBytes);
  CHECK(pair.write({"not now"}) == 0);
  std::string arrived = pair.peer_takes();
  pair.events.writable = [&] {
    ++told;
    write_more();
    arrived += pair.peer_takes();
  };
  pair.loop.run();  // Until the stream waits for nothing any more.
  CHECK(written == kBytes);
  CHECK(told > 0);
  CHECK((arrived + pair.peer_takes()) == text);
}

TEST_CASE("net: a stream that was full and is not any more tells nothing again") {
  Pair pair;
  const std::string text(4 << 20, 'x');
  REQUIRE(pair.write({text}) < text.size());
  static_cast<void>(pair.peer_takes());
  int told = 0;
  pair.events.writable = [&] {
    ++told;
    CHECK(pair.write({"y"}) == 1);
  };
  pair.loop.run();
  CHECK(told == 1);
}

TEST_CASE("net: more pieces than go in one call are not forgotten") {
  Pair pair;
  const std::vector<std::string_view> pieces = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  size_t written = pair.write(pieces);
  pair.events.writable = [&] {
    while (written < pieces.size()) {
      written += pair.write({pieces[written]});
    }
  };
  pair.loop.run();
  CHECK(pair.peer_takes() == "0123456789");
}

TEST_CASE("net: after its own end a stream still reads") {
  Pair pair;
  pair.stream->shutdown_write();
  std::array<char, 8> bytes{};
  CHECK(::recv(pair.peer, bytes.data(), bytes.size(), 0) == 0);
  pair.peer_sends("late");
  CHECK(pair.read().second == "late");
}

TEST_CASE("net: a stream that has moved goes on where it was") {
  Pair pair;
  pair.stream->set_reading(true);
  std::optional<Stream> moved(std::move(*pair.stream));
  pair.stream.reset();
  CHECK(is_open(pair.descriptor));
  bool was_told = false;
  pair.events.readable = [&] {
    was_told = true;
    moved->set_reading(false);
  };
  pair.peer_sends("x");
  pair.loop.run();
  CHECK(was_told);
  moved.reset();
  CHECK_FALSE(is_open(pair.descriptor));
}

TEST_CASE("net: a stream closes its descriptor, also while it waits on the loop") {
  Pair pair;
  pair.stream->set_reading(true);
  const std::string text(4 << 20, 'x');
  REQUIRE(pair.write({text}) < text.size());
  pair.stream.reset();
  CHECK_FALSE(is_open(pair.descriptor));
  pair.events.readable = [] { FAIL_CHECK("told after its end"); };
  pair.loop.run();
}

TEST_CASE("net: a descriptor that cannot be polled is refused and closed") {
  Loop loop;
  Events events;
  const int descriptor = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  REQUIRE(descriptor >= 0);
  const Result<Stream> stream = Stream::adopt(loop, descriptor, events);
  REQUIRE_FALSE(stream);
  CHECK(stream.error().code == Errc::kIo);
  CHECK_FALSE(is_open(descriptor));
}

TEST_CASE("net: what the kernel holds for a slow TCP reader is bounded") {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(listener, 1) == 0);
  REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::connect(client, reinterpret_cast<sockaddr*>(&address), size) == 0);
  const int accepted = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  {
    Loop loop;
    Events events;
    Result<Stream> stream = Stream::adopt(loop, accepted, events);
    REQUIRE(stream);
    stream->bound_kernel_memory(32 << 10, 5000);
    int value = 0;
    socklen_t value_size = sizeof value;
    ::getsockopt(accepted, SOL_SOCKET, SO_SNDBUF, &value, &value_size);
    CHECK(value == 64 << 10);  // The kernel doubles it for its own books (socket(7)).
  }
  ::close(client);
  ::close(listener);
}

}  // namespace
}  // namespace ringcast::net::net_stream_test
