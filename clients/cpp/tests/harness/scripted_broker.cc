#include "harness/scripted_broker.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <utility>

namespace ringcast::client::test {
namespace {

constexpr const char* kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

Step answer(int status, std::string body, std::string type, std::string headers) {
  return [=](Socket& socket, const SeenRequest& /*request*/) {
    socket.write("HTTP/1.1 " + std::to_string(status) + " Text\r\nContent-Type: " + type + "\r\n" +
                 headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  };
}

Step problem(int status, const std::string& detail, const std::string& headers) {
  return answer(status, R"({"title":"Title","detail":")" + detail + "\"}",
                "application/problem+json", headers);
}

Step stream(std::string text) {
  return [text = std::move(text)](Socket& socket, const SeenRequest& /*request*/) {
    socket.write(kStreamHead + text);
    socket.close_after_writes();
  };
}

Step held_stream(std::string text) {
  return [text = std::move(text)](Socket& socket, const SeenRequest& /*request*/) {
    socket.write(kStreamHead + text);
  };
}

Step cut() {
  return [](Socket& socket, const SeenRequest& /*request*/) { socket.cut(); };
}

Step silence() {
  return [](Socket& /*socket*/, const SeenRequest& /*request*/) {};
}

void ScriptedBroker::accept(std::unique_ptr<Socket> socket) {
  peers_.push_back(std::make_unique<Peer>());
  Peer& peer = *peers_.back();
  peer.socket = std::move(socket);
  peer.socket->read([this, &peer](std::string_view bytes) { take(peer, bytes); });
}

void ScriptedBroker::take(Peer& peer, std::string_view bytes) {
  if (bytes.empty()) {
    peer.socket->cut();
    return;
  }
  peer.bytes += bytes;
  for (SeenRequest request; peer.socket->is_open() && read_request(peer.bytes, request);
       request = {}) {
    requests_.push_back(request);
    sockets_.push_back(peer.socket.get());
    Step step = answer(500);
    if (!script_.empty()) {
      step = std::move(script_.front());
      script_.pop_front();
    }
    step(*peer.socket, request);
  }
}

// Takes a whole request from the front of `bytes`.
bool ScriptedBroker::read_request(std::string& bytes, SeenRequest& request) {
  const size_t head = bytes.find("\r\n\r\n");
  if (head == std::string::npos) {
    return false;
  }
  std::istringstream lines(bytes.substr(0, head));
  lines >> request.method >> request.path;
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    const size_t colon = line.find(": ");
    const size_t end = line.find_last_not_of('\r');
    request.headers[lower(line.substr(0, colon))] = line.substr(colon + 2, end - colon - 1);
  }
  const std::string length = request.header("content-length");
  const size_t body = length.empty() ? 0 : std::stoul(length);
  if (bytes.size() < head + 4 + body) {
    return false;
  }
  request.body = bytes.substr(head + 4, body);
  bytes.erase(0, head + 4 + body);
  return true;
}

}  // namespace ringcast::client::test
