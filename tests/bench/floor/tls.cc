// The limit of fan-out over TLS: a bare epoll loop that does nothing but SSL_write() the same bytes
// to every connection. It knows just enough HTTP for bench_tls_load: GET is a subscriber, POST an
// event for all of them. One thread.
#include <CLI/CLI.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    ": the floor\n\n";
constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{}\n";

struct Connection {
  int descriptor = -1;
  SSL* ssl = nullptr;
  std::string in;   // An unfinished request.
  std::string out;  // What the socket did not take.
  bool is_subscriber = false;
  bool is_gone = false;
};

[[noreturn]] void die(const char* what) {
  std::perror(what);
  ERR_print_errors_fp(stderr);
  std::exit(1);
}

class Floor {
 public:
  Floor(uint16_t port, const std::string& certificate, const std::string& key)
      : context_(SSL_CTX_new(TLS_server_method())) {
    if (SSL_CTX_use_certificate_chain_file(context_, certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context_, key.c_str(), SSL_FILETYPE_PEM) != 1) {
      die("bench_tls_floor: certificate");
    }
    SSL_CTX_set_mode(context_, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
    listen_on(port);
  }

  void run() {
    std::array<epoll_event, 512> events;
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int index = 0; index < count; ++index) {
        const epoll_event& event = events[static_cast<size_t>(index)];
        if (event.data.ptr == nullptr) {
          accept_all();
        } else {
          serve(*static_cast<Connection*>(event.data.ptr));
        }
      }
    }
  }

 private:
  void listen_on(uint16_t port) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 4096) != 0) {
      die("bench_tls_floor: listen");
    }
    epoll_ = epoll_create1(0);
    watch(listener_, nullptr, EPOLLIN, EPOLL_CTL_ADD);
  }

  void watch(int descriptor, Connection* connection, uint32_t what, int how) {
    epoll_event event{};
    event.events = what;
    event.data.ptr = connection;
    if (epoll_ctl(epoll_, how, descriptor, &event) != 0) {
      die("bench_tls_floor: epoll_ctl");
    }
  }

  void accept_all() {
    for (;;) {
      const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (descriptor < 0) {
        return;
      }
      const int on = 1;
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto* connection = new Connection{.descriptor = descriptor, .ssl = SSL_new(context_)};
      SSL_set_fd(connection->ssl, descriptor);
      SSL_set_accept_state(connection->ssl);
      watch(descriptor, connection, EPOLLIN | EPOLLRDHUP, EPOLL_CTL_ADD);
    }
  }

  void serve(Connection& connection) {
    if (connection.is_gone) {
      return;
    }
    if (!connection.out.empty()) {
      send(connection, {});
    }
    for (;;) {
      ERR_clear_error();
      const int got = SSL_read(connection.ssl, buffer_.data(), static_cast<int>(buffer_.size()));
      if (got > 0) {
        connection.in.append(buffer_.data(), static_cast<size_t>(got));
        take(connection);
        continue;
      }
      if (SSL_get_error(connection.ssl, got) != SSL_ERROR_WANT_READ) {
        connection.is_gone = true;
        ::close(connection.descriptor);
      }
      return;
    }
  }

  void take(Connection& connection) {
    for (size_t end = connection.in.find("\r\n\r\n"); end != std::string::npos;
         end = connection.in.find("\r\n\r\n")) {
      const bool is_post = connection.in.starts_with("POST");
      const size_t at = connection.in.find("Content-Length: ");
      const size_t length =
          is_post ? std::strtoul(connection.in.c_str() + at + 16, nullptr, 10) : 0;
      if (connection.in.size() < end + 4 + length) {
        return;
      }
      if (is_post) {
        publish(std::string_view(connection.in).substr(end + 4, length));
        send(connection, kAnswer);
      } else {
        connection.is_subscriber = true;
        subscribers_.push_back(&connection);
        send(connection, kStreamHead);
      }
      connection.in.erase(0, end + 4 + length);
    }
  }

  void publish(std::string_view data) {
    event_ = "id: bench00000-" + std::to_string(++seq_) + "\ndata: ";
    event_.append(data).append("\n\n");
    for (Connection* subscriber : subscribers_) {
      if (!subscriber->is_gone) {
        send(*subscriber, event_);
      }
    }
  }

  // Behind what waits already.
  void send(Connection& connection, std::string_view bytes) {
    const bool was_waiting = !connection.out.empty();
    if (was_waiting) {
      connection.out.append(bytes);
      bytes = connection.out;
    }
    size_t done = 0;
    while (done < bytes.size()) {
      ERR_clear_error();
      const int sent =
          SSL_write(connection.ssl, bytes.data() + done, static_cast<int>(bytes.size() - done));
      if (sent <= 0) {
        break;
      }
      done += static_cast<size_t>(sent);
    }
    connection.out = std::string(bytes.substr(done));
    if (was_waiting != !connection.out.empty()) {
      watch(connection.descriptor, &connection,
            EPOLLIN | EPOLLRDHUP | (was_waiting ? 0U : EPOLLOUT), EPOLL_CTL_MOD);
    }
  }

  SSL_CTX* context_;
  int listener_ = -1;
  int epoll_ = -1;
  uint64_t seq_ = 0;
  std::vector<Connection*> subscribers_;
  std::string event_;
  std::array<char, 64 << 10> buffer_{};
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Sends the same bytes to every TLS connection: the limit of a broker with TLS.");
  uint16_t port = 0;
  std::string certificate;
  std::string key;
  app.add_option("--port", port)->required();
  app.add_option("--certificate", certificate, "A PEM file")->required();
  app.add_option("--key", key, "A PEM file")->required();
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  Floor(port, certificate, key).run();
}
