#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "harness/loop.h"

namespace ringcast::client::test {

struct SocketCloser {
  void operator()(uv_tcp_t* tcp) const {
    tcp->data = nullptr;
    if (uv_is_closing(reinterpret_cast<uv_handle_t*>(tcp)) == 0) {
      uv_close(reinterpret_cast<uv_handle_t*>(tcp), &SocketCloser::free);
    }
  }
  static void free(uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); }
};

// A TCP connection of a test's peer, on the test's loop.
class Socket {
 public:
  explicit Socket(TestLoop& loop) : tcp_(new uv_tcp_t{}) {
    uv_tcp_init(loop.raw(), tcp_.get());
    tcp_->data = this;
  }

  [[nodiscard]] uv_tcp_t* raw() { return tcp_.get(); }
  [[nodiscard]] bool is_open() const { return tcp_ != nullptr; }
  // Calls with what comes, and once with nothing when the peer has gone.
  void read(std::function<void(std::string_view bytes)> on_bytes) {
    on_bytes_ = std::move(on_bytes);
    uv_read_start(stream(), &Socket::give_buffer, &Socket::on_read);
  }
  void write(std::string bytes) {
    if (!tcp_) {
      return;
    }
    auto* write = new Write{{}, std::move(bytes)};
    const uv_buf_t buffer =
        uv_buf_init(write->bytes.data(), static_cast<unsigned int>(write->bytes.size()));
    uv_write(&write->request, stream(), &buffer, 1,
             [](uv_write_t* request, int /*status*/) { delete reinterpret_cast<Write*>(request); });
  }
  // After what was written is out.
  void close_after_writes() {
    if (!tcp_) {
      return;
    }
    uv_read_stop(stream());
    auto* shutdown = new uv_shutdown_t{};
    shutdown->data = tcp_.release();
    static_cast<uv_tcp_t*>(shutdown->data)->data = nullptr;
    const auto done = [](uv_shutdown_t* request, int /*status*/) {
      uv_close(static_cast<uv_handle_t*>(request->data), &SocketCloser::free);
      delete request;
    };
    if (uv_shutdown(shutdown, static_cast<uv_stream_t*>(shutdown->data), done) != 0) {
      done(shutdown, 0);
    }
  }
  // With a reset: what was not read by the peer yet is lost.
  void cut() {
    if (tcp_) {
      uv_tcp_t* tcp = tcp_.release();
      tcp->data = nullptr;
      uv_tcp_close_reset(tcp, &SocketCloser::free);
    }
  }

 private:
  struct Write {
    uv_write_t request;
    std::string bytes;
  };

  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(tcp_.get()); }

  static void give_buffer(uv_handle_t* /*handle*/, size_t /*wanted*/, uv_buf_t* buffer) {
    static char bytes[65536];  // Read at once, on one thread.
    *buffer = uv_buf_init(bytes, sizeof bytes);
  }
  static void on_read(uv_stream_t* stream, ssize_t got, const uv_buf_t* buffer) {
    auto* self = static_cast<Socket*>(stream->data);
    if (self == nullptr || got == 0) {
      return;
    }
    if (got < 0) {
      uv_read_stop(stream);
    }
    const auto on_bytes = self->on_bytes_;  // It may close this.
    on_bytes({buffer->base, got < 0 ? 0 : static_cast<size_t>(got)});
  }

  std::unique_ptr<uv_tcp_t, SocketCloser> tcp_;
  std::function<void(std::string_view)> on_bytes_;
};

// Accepts connections on a free port of 127.0.0.1.
class Listener {
 public:
  Listener(TestLoop& loop, std::function<void(std::unique_ptr<Socket>)> on_connection)
      : loop_(loop), socket_(loop), on_connection_(std::move(on_connection)) {
    sockaddr_in address{};
    uv_ip4_addr("127.0.0.1", 0, &address);
    REQUIRE(uv_tcp_bind(socket_.raw(), reinterpret_cast<const sockaddr*>(&address), 0) == 0);
    int size = sizeof address;
    uv_tcp_getsockname(socket_.raw(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    socket_.raw()->data = this;
    REQUIRE(uv_listen(reinterpret_cast<uv_stream_t*>(socket_.raw()), 128, &Listener::on_waiting) ==
            0);
    uv_unref(reinterpret_cast<uv_handle_t*>(socket_.raw()));
  }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  static void on_waiting(uv_stream_t* stream, int status) {
    auto* self = static_cast<Listener*>(stream->data);
    if (self != nullptr && status == 0) {
      auto accepted = std::make_unique<Socket>(self->loop_);
      uv_accept(stream, reinterpret_cast<uv_stream_t*>(accepted->raw()));
      self->on_connection_(std::move(accepted));
    }
  }

  TestLoop& loop_;
  Socket socket_;
  std::function<void(std::unique_ptr<Socket>)> on_connection_;
  int port_ = 0;
};

}  // namespace ringcast::client::test
