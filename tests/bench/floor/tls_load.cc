// Subscribers and one publisher over TLS, against ringcastd or bench_tls_floor. Prints what the
// server's process used as JSON: the memory of idle subscribers, and the CPU time of deliveries.
#include <CLI/CLI.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Settings {
  uint16_t port = 0;
  int server = 0;
  uint32_t subscribers = 1000;
  uint32_t events = 200;
  size_t payload = 200;
};

[[noreturn]] void die(const char* what) {
  std::perror(what);
  ERR_print_errors_fp(stderr);
  std::exit(1);
}

// A figure of /proc/PID/status, in KiB.
long status_kib(int process, std::string_view name) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name)) {
      return std::strtol(line.c_str() + name.size(), nullptr, 10);
    }
  }
  die("bench_tls_load: no such server");
}

// User and system time so far (proc(5), fields 14 and 15).
double cpu_seconds(int process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::stringstream text;
  text << file.rdbuf();
  std::stringstream fields(text.str().substr(text.str().rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) {
    fields >> skipped;
  }
  double user = 0;
  double kernel = 0;
  fields >> user >> kernel;
  return (user + kernel) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// Blocks until it is watched.
class Client {
 public:
  Client(SSL_CTX* context, uint16_t port)
      : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)), ssl_(SSL_new(context)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      die("bench_tls_load: connect");
    }
    const int on = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL_set_fd(ssl_, descriptor_);
    if (SSL_connect(ssl_) != 1) {
      die("bench_tls_load: handshake");
    }
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() {
    SSL_free(ssl_);
    ::close(descriptor_);
  }

  void write(std::string_view text) {
    if (SSL_write(ssl_, text.data(), static_cast<int>(text.size())) <= 0) {
      die("bench_tls_load: write");
    }
  }
  // What has come; empty: nothing now.
  std::string_view read() {
    ERR_clear_error();
    const int got = SSL_read(ssl_, buffer().data(), static_cast<int>(buffer().size()));
    if (got <= 0 && SSL_get_error(ssl_, got) != SSL_ERROR_WANT_READ) {
      die("bench_tls_load: the server has gone");
    }
    return {buffer().data(), got > 0 ? static_cast<size_t>(got) : 0};
  }
  // Blocks: up to and with `end`.
  void read_until(std::string_view end) {
    std::string all;
    while (all.find(end) == std::string::npos) {
      all += read();
    }
  }
  void watch(int epoll) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = this;
    epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor_, &event);
    BIO_socket_nbio(descriptor_, 1);
  }

 private:
  static std::array<char, 64 << 10>& buffer() {
    static std::array<char, 64 << 10> shared{};
    return shared;
  }
  int descriptor_;
  SSL* ssl_;
};

// Until every subscriber has got every event: they end in a byte that payloads do not have.
void receive(int epoll, uint64_t expected) {
  std::array<epoll_event, 512> events;
  for (uint64_t got = 0; got < expected;) {
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int index = 0; index < count; ++index) {
      auto* client = static_cast<Client*>(events[static_cast<size_t>(index)].data.ptr);
      for (std::string_view bytes = client->read(); !bytes.empty(); bytes = client->read()) {
        for (const char c : bytes) {
          got += c == '$' ? 1 : 0;
        }
      }
    }
  }
}

void measure(const Settings& settings) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  const int epoll = epoll_create1(0);
  Client publisher(context, settings.port);
  std::vector<std::unique_ptr<Client>> clients;
  const auto add = [&] {
    clients.push_back(std::make_unique<Client>(context, settings.port));
    clients.back()->write(
        "GET /events?topic=t HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
    clients.back()->read_until("\n\n");
    clients.back()->watch(epoll);
  };
  for (int warm = 0; warm < 20; ++warm) {
    add();
  }
  const long before = status_kib(settings.server, "VmRSS:");
  while (clients.size() < settings.subscribers) {
    add();
  }
  const double each = static_cast<double>(status_kib(settings.server, "VmRSS:") - before) /
                      static_cast<double>(settings.subscribers - 20);
  const std::string body = std::string(settings.payload - 1, 'x') + "$";
  const std::string request = "POST /topics/t HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                              std::to_string(body.size()) + "\r\n\r\n" + body;
  const double cpu = cpu_seconds(settings.server);
  for (uint32_t event = 0; event < settings.events; ++event) {
    publisher.write(request);
    publisher.read_until("}");
    receive(epoll, settings.subscribers);
  }
  const double used = cpu_seconds(settings.server) - cpu;
  const double deliveries = static_cast<double>(settings.events) * settings.subscribers;
  std::printf(
      "{\"subscribers\": %u, \"idle_kib\": %.4g, \"deliveries\": %.0f, \"server_cpu_s\": %.4g, "
      "\"deliveries_per_cpu_s\": %.6g}\n",
      settings.subscribers, each, deliveries, used, deliveries / used);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Subscribes many times over TLS, publishes, and says what the server used for it.");
  Settings settings;
  app.add_option("--port", settings.port)->required();
  app.add_option("--server", settings.server, "The process of the server")->required();
  app.add_option("--subscribers", settings.subscribers)->check(CLI::Range(21, 100'000));
  app.add_option("--events", settings.events);
  app.add_option("--payload", settings.payload, "Bytes of an event's data")
      ->check(CLI::Range(2, 1 << 20));
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  measure(settings);
}
