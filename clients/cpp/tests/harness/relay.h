#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/socket.h"

namespace ringcast::client::test {

// Passes bytes on to a port of 127.0.0.1 and back, until it is told to cut the line.
class Relay {
 public:
  Relay(TestLoop& loop, int port)
      : loop_(loop),
        port_(port),
        listener_(loop, [this](std::unique_ptr<Socket> client) { accept(std::move(client)); }) {}

  [[nodiscard]] std::string url() const { return listener_.url(); }
  [[nodiscard]] size_t connections() const { return lines_.size(); }
  // All lines that there are now, with a reset.
  void cut() {
    for (const auto& line : lines_) {
      line->client->cut();
      line->broker->cut();
    }
  }
  // Each line from now on is cut when so many bytes have come back. Nothing: never.
  void cut_answers_after(std::optional<size_t> bytes) { limit_ = bytes; }
  // Lines from now on pass nothing back.
  void be_silent(bool is_silent) { is_silent_ = is_silent; }

 private:
  struct Line {
    std::unique_ptr<Socket> client;
    std::unique_ptr<Socket> broker;
    std::optional<size_t> left;
    bool is_silent = false;

    void cut() {
      client->cut();
      broker->cut();
    }
    void pass_back(std::string_view bytes) {
      if (bytes.empty()) {
        client->close_after_writes();
        return;
      }
      if (is_silent) {
        return;
      }
      client->write(std::string(bytes.substr(0, left.value_or(bytes.size()))));
      if (left && bytes.size() >= *left) {
        broker->cut();
        client->close_after_writes();
      } else if (left) {
        *left -= bytes.size();
      }
    }
  };

  void accept(std::unique_ptr<Socket> client) {
    lines_.push_back(std::make_unique<Line>());
    Line* line = lines_.back().get();
    line->client = std::move(client);
    line->broker = std::make_unique<Socket>(loop_);
    line->left = limit_;
    line->is_silent = is_silent_;
    auto* request = new uv_connect_t{};
    request->data = line;
    sockaddr_in address{};
    uv_ip4_addr("127.0.0.1", port_, &address);
    const auto on_connected = [](uv_connect_t* done, int status) {
      auto* connected = static_cast<Line*>(done->data);
      delete done;
      if (status != UV_ECANCELED) {  // Else the line is gone.
        status == 0 ? join(connected) : connected->client->cut();
      }
    };
    uv_tcp_connect(request, line->broker->raw(), reinterpret_cast<sockaddr*>(&address),
                   on_connected);
  }

  static void join(Line* line) {
    line->client->read([line](std::string_view bytes) {
      bytes.empty() ? line->broker->close_after_writes() : line->broker->write(std::string(bytes));
    });
    line->broker->read([line](std::string_view bytes) { line->pass_back(bytes); });
  }

  TestLoop& loop_;
  int port_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::optional<size_t> limit_;
  bool is_silent_ = false;
  Listener listener_;
};

}  // namespace ringcast::client::test
