#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/acceptor.h"

// Each test ends with the loop's destructor, which asserts that no handle is left.
namespace ringcast::net::net_acceptor_test {
namespace {

namespace fs = std::filesystem;

Listener listen_on(const Address& address) {
  Result<Listener> listener = Listener::open(address);
  REQUIRE(listener);
  return std::move(*listener);
}

Address any_port() {
  return {.host = "127.0.0.1", .port = 0, .unix_path = {}};
}

int connect_to(const Address& address) {
  if (!address.unix_path.empty()) {
    sockaddr_un target{};
    target.sun_family = AF_UNIX;
    address.unix_path.copy(target.sun_path, sizeof target.sun_path - 1);
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (::connect(descriptor, reinterpret_cast<sockaddr*>(&target), sizeof target) != 0) {
      ::close(descriptor);
      return -1;
    }
    return descriptor;
  }
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(address.port);
  target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::connect(descriptor, reinterpret_cast<sockaddr*>(&target), sizeof target) == 0);
  return descriptor;
}

// A loop with an acceptor that stops after `most` connections.
struct Gate {
  explicit Gate(Listener&& from) : listener(std::move(from)) {
    acceptor.emplace(
        loop, listener,
        Acceptor::Events{.accepted =
                             [this](int descriptor) {
                               accepted.push_back(descriptor);
                               if (accepted.size() >= most) {
                                 acceptor->set_accepting(false);
                               }
                             },
                         .refusal = [this](std::string_view start) { return on_refusal(start); }},
        [this](const LogLine& line) { log.push_back(line); });
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() {
    for (const int descriptor : accepted) {
      ::close(descriptor);
    }
    for (const int client : clients) {
      ::close(client);
    }
  }
  void connect() { clients.push_back(connect_to(listener.address())); }

  Listener listener;
  Loop loop;
  size_t most = 1;
  std::vector<int> accepted;
  std::vector<int> clients;
  std::function<std::string(std::string_view)> on_refusal = [](std::string_view) {
    FAIL_CHECK("refused");
    return std::string();
  };
  std::vector<LogLine> log;
  std::optional<Acceptor> acceptor;
};

// A directory of the test's own.
struct Scratch {
  Scratch() {
    std::string name = (fs::temp_directory_path() / "ringcast-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { fs::remove_all(path); }
  [[nodiscard]] Address socket(uint32_t mode = 0660) const {
    return {.host = {}, .unix_path = (path / "sock").string(), .unix_mode = mode};
  }
  fs::path path;
};

// A socket file whose daemon is gone: the listener does not find it to remove.
void leave_stale_socket(const Address& address) {
  const std::string kept = address.unix_path + ".kept";
  {
    const Listener listener = listen_on(address);
    fs::rename(address.unix_path, kept);
  }
  fs::rename(kept, address.unix_path);
}

TEST_CASE("net: an acceptor hands on what connects, non-blocking and closed on exec") {
  Gate gate(listen_on(any_port()));
  CHECK(gate.listener.address().port != 0);
  gate.most = 3;
  for (int client = 0; client < 3; ++client) {
    gate.connect();
  }
  gate.loop.run();
  REQUIRE(gate.accepted.size() == 3);
  for (const int descriptor : gate.accepted) {
    CHECK((::fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(gate.log.empty());
}

TEST_CASE("net: a paused acceptor takes nobody, and those who wait once it goes on") {
  Gate gate(listen_on(any_port()));
  gate.acceptor->set_accepting(false);
  gate.connect();
  gate.connect();
  gate.loop.run();  // Nothing is active: returns at once.
  CHECK(gate.accepted.empty());
  gate.acceptor->set_accepting(true);
  gate.loop.run();
  CHECK(gate.accepted.size() == 1);  // Paused from its own callback, it leaves the second one.
  gate.most = 2;
  gate.acceptor->set_accepting(true);
  gate.loop.run();
  CHECK(gate.accepted.size() == 2);
}

// Leaves no descriptor free but those below the lowest free one.
struct NoMoreDescriptors {
  NoMoreDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before);
    const int lowest_free = ::dup(STDIN_FILENO);
    ::close(lowest_free);
    rlimit now = before;
    now.rlim_cur = static_cast<rlim_t>(lowest_free);
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before); }
  rlimit before{};
};

TEST_CASE("net: out of descriptors, an acceptor refuses one at a time, logs once, and recovers") {
  Gate gate(listen_on(any_port()));
  for (int client = 0; client < 3; ++client) {
    gate.connect();
    REQUIRE(::send(gate.clients.back(), "GET", 3, MSG_NOSIGNAL) == 3);
  }
  auto shortage = std::make_optional<NoMoreDescriptors>();
  int refused = 0;
  gate.on_refusal = [&](std::string_view start) -> std::string {
    CHECK(start == "GET");
    if (++refused == 2) {
      shortage.reset();
    }
    return "no";
  };
  gate.loop.run();
  CHECK(refused == 2);
  CHECK(gate.accepted.size() == 1);
  REQUIRE(gate.log.size() == 1);
  CHECK(gate.log.front().level == LogLevel::kError);
  for (int client = 0; client < 2; ++client) {
    std::array<char, 8> bytes{};
    const int descriptor = gate.clients[static_cast<size_t>(client)];
    CHECK(::recv(descriptor, bytes.data(), bytes.size(), 0) == 2);  // The answer...
    CHECK(::recv(descriptor, bytes.data(), bytes.size(), 0) == 0);  // ...and the end.
  }
}

TEST_CASE("net: a pause of accepting outlasts the one for want of descriptors") {
  Gate gate(listen_on(any_port()));
  gate.connect();
  gate.connect();
  auto shortage = std::make_optional<NoMoreDescriptors>();
  gate.on_refusal = [&](std::string_view /*start*/) -> std::string {
    shortage.reset();
    return {};
  };
  // One turn: refuses the first, and pauses.
  while (shortage) {
    uv_run(gate.loop.raw(), UV_RUN_ONCE);
  }
  gate.acceptor->set_accepting(false);
  gate.loop.run();
  CHECK(gate.accepted.empty());
}

TEST_CASE("net: an acceptor that is destroyed leaves its listener as it was") {
  Gate gate(listen_on(any_port()));
  gate.acceptor.reset();
  gate.connect();
  gate.loop.run();
  CHECK(gate.accepted.empty());
  const int late = ::accept4(gate.listener.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
  CHECK(late >= 0);
  ::close(late);
}

TEST_CASE("net: an address that is in use is refused with its name and the reason") {
  const Listener first = listen_on(any_port());
  const Result<Listener> second = Listener::open(first.address());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::kIo);
  CHECK(second.error().detail.find(first.address().text()) != std::string::npos);
  CHECK(second.error().detail.find("in use") != std::string::npos);
}

TEST_CASE("net: a unix socket accepts, has its mode, and goes with its listener") {
  for (const uint32_t mode : {0600U, 0660U, 0666U}) {
    CAPTURE(mode);
    const Scratch scratch;
    const Address address = scratch.socket(mode);
    {
      Gate gate(listen_on(address));
      struct stat status {};
      REQUIRE(::stat(address.unix_path.c_str(), &status) == 0);
      CHECK(S_ISSOCK(status.st_mode));
      CHECK((status.st_mode & 0777U) == mode);
      gate.connect();
      gate.loop.run();
      CHECK(gate.accepted.size() == 1);
    }
    CHECK_FALSE(fs::exists(address.unix_path));
  }
}

TEST_CASE("net: a unix socket that nobody listens on any more is taken over") {
  const Scratch scratch;
  const Address address = scratch.socket();
  leave_stale_socket(address);
  REQUIRE(connect_to(address) == -1);
  Gate gate(listen_on(address));
  gate.connect();
  gate.loop.run();
  CHECK(gate.accepted.size() == 1);
}

TEST_CASE("net: a unix socket that is alive is not taken over") {
  const Scratch scratch;
  const Address address = scratch.socket();
  const Listener first = listen_on(address);
  const Result<Listener> second = Listener::open(address);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::kIo);
  CHECK(second.error().detail.find(address.unix_path) != std::string::npos);
  const int client = connect_to(address);  // The file is there still, and the first one's.
  CHECK(client >= 0);
  ::close(client);
}

TEST_CASE("net: a unix socket that is alive but overrun does not hold up the start") {
  const Scratch scratch;
  const Address address = scratch.socket();
  const Listener first = listen_on(address);
  REQUIRE(::listen(first.descriptor(), 0) == 0);  // Shortens the backlog.
  std::vector<int> clients;
  for (int client = 0; client >= 0;) {
    client = connect_to(address);
    clients.push_back(client);
  }
  REQUIRE_FALSE(Listener::open(address));
  CHECK(fs::exists(address.unix_path));
  for (const int client : clients) {
    ::close(client);
  }
}

// A second descriptor of the same socket, as another process has it.
Listener adopted(const Listener& listener) {
  Result<Listener> copy = Listener::adopt(::dup(listener.descriptor()));
  REQUIRE_MESSAGE(copy, copy.error().detail);
  return std::move(*copy);
}

TEST_CASE("net: an adopted listener knows where it is bound and accepts") {
  const Scratch scratch;
  for (const Address& where :
       {any_port(), Address{.host = "::", .port = 0, .unix_path = {}}, scratch.socket()}) {
    const Listener original = listen_on(where);
    CAPTURE(original.address().text());
    Listener copy = adopted(original);
    CHECK(copy.address().text() == original.address().text());
    CHECK((::fcntl(copy.descriptor(), F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(copy.descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
  }
  const Listener original = listen_on(any_port());
  Gate gate(adopted(original));
  gate.connect();
  gate.loop.run();
  CHECK(gate.accepted.size() == 1);
}

TEST_CASE("net: an adopted listener leaves the path of a unix socket") {
  const Scratch scratch;
  const Listener original = listen_on(scratch.socket());
  { const Listener copy = adopted(original); }
  CHECK(fs::exists(original.address().unix_path));
}

TEST_CASE("net: what does not listen for streams is not adopted, and stays open") {
  for (const int kind : {SOCK_STREAM, SOCK_DGRAM}) {
    const int descriptor = ::socket(AF_INET, kind | SOCK_CLOEXEC, 0);
    const Result<Listener> listener = Listener::adopt(descriptor);
    REQUIRE_FALSE(listener);
    CHECK(listener.error().detail == "is not a listening stream socket");
    CHECK(::close(descriptor) == 0);
  }
  CHECK_FALSE(Listener::adopt(STDIN_FILENO));
}

TEST_CASE("net: a listener that stops does so for whoever has it open, and frees its address") {
  const Listener original = listen_on(any_port());
  adopted(original).stop_listening();
  const Listener next = listen_on(original.address());
  Gate gate(adopted(next));
  gate.connect();
  gate.loop.run();
  CHECK(gate.accepted.size() == 1);
}

TEST_CASE("net: a file that is no socket is never removed for a unix socket") {
  const Scratch scratch;
  const Address address = scratch.socket();
  std::ofstream(address.unix_path) << "precious";
  CHECK_FALSE(Listener::open(address));
  CHECK(fs::file_size(address.unix_path) == 8);
}

}  // namespace
}  // namespace ringcast::net::net_acceptor_test
