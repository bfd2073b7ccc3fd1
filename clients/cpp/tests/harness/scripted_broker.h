#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/socket.h"

namespace ringcast::client::test {

struct SeenRequest {
  std::string method;
  std::string path;
  std::map<std::string, std::string> headers;  // Names in lower case.
  std::string body;

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

// What the broker does with a request.
using Step = std::function<void(Socket& socket, const SeenRequest& request)>;

Step answer(int status, std::string body = {}, std::string type = "application/json",
            std::string headers = {});
Step problem(int status, const std::string& detail, const std::string& headers = {});
// An event stream that ends after `text`, or is held open.
Step stream(std::string text);
Step held_stream(std::string text);
// Ends the connection with a reset, without an answer.
Step cut();
// Does nothing: the client waits.
Step silence();

// A broker that answers each request with the next step of its script, and 500 after the last.
class ScriptedBroker {
 public:
  ScriptedBroker(TestLoop& loop, std::deque<Step> script)
      : script_(std::move(script)),
        listener_(loop, [this](std::unique_ptr<Socket> socket) { accept(std::move(socket)); }) {}

  [[nodiscard]] std::string url() const { return listener_.url(); }
  [[nodiscard]] const std::vector<SeenRequest>& requests() const { return requests_; }
  // The connection of the request at this index, to write to it later.
  [[nodiscard]] Socket& socket_of(size_t request) { return *sockets_.at(request); }

 private:
  struct Peer {
    std::unique_ptr<Socket> socket;
    std::string bytes;
  };

  void accept(std::unique_ptr<Socket> socket);
  void take(Peer& peer, std::string_view bytes);
  static bool read_request(std::string& bytes, SeenRequest& request);

  std::deque<Step> script_;
  std::vector<SeenRequest> requests_;
  std::vector<Socket*> sockets_;
  std::vector<std::unique_ptr<Peer>> peers_;
  Listener listener_;
};

}  // namespace ringcast::client::test
