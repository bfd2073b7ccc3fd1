// The limit of publishing: libuv and llhttp answer every request with the same bytes.
#include <CLI/CLI.hpp>
#include <llhttp.h>
#include <netinet/in.h>
#include <uv.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 28\r\n\r\n"
    "{\"id\":\"bench00000-1000000\"}\n";

struct Peer {
  uv_tcp_t tcp{};
  llhttp_t parser{};
  uv_write_t write{};
  std::string out;  // The answers of one read.
};

std::array<char, 64 << 10> read_buffer;

void check(int result, const char* what) {
  if (result < 0) {
    std::fprintf(stderr, "bench_answer: %s: %s\n", what, uv_strerror(result));
    std::exit(1);
  }
}

void close_peer(Peer* peer) {
  uv_close(reinterpret_cast<uv_handle_t*>(&peer->tcp),
           [](uv_handle_t* handle) { delete static_cast<Peer*>(handle->data); });
}

const llhttp_settings_t& settings() {
  static const llhttp_settings_t made = [] {
    llhttp_settings_t all;
    llhttp_settings_init(&all);
    all.on_message_complete = [](llhttp_t* parser) {
      static_cast<Peer*>(parser->data)->out += kAnswer;
      return 0;
    };
    return all;
  }();
  return made;
}

void on_rest_written(uv_write_t* write, int status);
void start_reading(Peer* peer);

void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
  auto* peer = static_cast<Peer*>(stream->data);
  if (size == 0) {
    return;
  }
  if (size < 0 ||
      llhttp_execute(&peer->parser, buffer->base, static_cast<size_t>(size)) != HPE_OK) {
    close_peer(peer);
    return;
  }
  const uv_buf_t out = uv_buf_init(peer->out.data(), static_cast<unsigned>(peer->out.size()));
  int sent = out.len == 0 ? 0 : uv_try_write(stream, &out, 1);
  sent = sent == UV_EAGAIN ? 0 : sent;
  if (sent < 0) {
    close_peer(peer);
  } else if (static_cast<size_t>(sent) == out.len) {
    peer->out.clear();
  } else {  // The socket is full: nothing more is read until the rest has gone.
    uv_read_stop(stream);
    const uv_buf_t rest = uv_buf_init(out.base + sent, static_cast<unsigned>(out.len) - sent);
    uv_write(&peer->write, stream, &rest, 1, &on_rest_written);
  }
}

void on_rest_written(uv_write_t* write, int status) {
  auto* peer = static_cast<Peer*>(write->handle->data);
  if (status < 0) {
    close_peer(peer);
    return;
  }
  peer->out.clear();
  start_reading(peer);
}

void start_reading(Peer* peer) {
  uv_read_start(
      reinterpret_cast<uv_stream_t*>(&peer->tcp),
      [](uv_handle_t*, size_t, uv_buf_t* buffer) {
        *buffer = uv_buf_init(read_buffer.data(), read_buffer.size());
      },
      &on_read);
}

void on_connection(uv_stream_t* listener, int status) {
  if (status < 0) {
    return;
  }
  auto* peer = new Peer;
  uv_tcp_init(listener->loop, &peer->tcp);
  peer->tcp.data = peer;
  llhttp_init(&peer->parser, HTTP_REQUEST, &settings());
  peer->parser.data = peer;
  if (uv_accept(listener, reinterpret_cast<uv_stream_t*>(&peer->tcp)) != 0) {
    close_peer(peer);
    return;
  }
  uv_tcp_nodelay(&peer->tcp, 1);
  start_reading(peer);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Answers every request with a constant: the limit that publishing is measured by.");
  int port = 0;
  app.add_option("--port", port)->required();
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);  // libuv writes without MSG_NOSIGNAL.
  uv_loop_t* loop = uv_default_loop();
  uv_tcp_t listener;
  sockaddr_in address{};
  check(uv_tcp_init(loop, &listener), "init");
  check(uv_ip4_addr("127.0.0.1", port, &address), "address");
  check(uv_tcp_bind(&listener, reinterpret_cast<const sockaddr*>(&address), 0), "bind");
  check(uv_listen(reinterpret_cast<uv_stream_t*>(&listener), 1024, &on_connection), "listen");
  uv_run(loop, UV_RUN_DEFAULT);
}
