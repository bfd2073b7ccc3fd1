#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ringcast/error.h"
#include "ringcast/publish.h"
#include "ringcast/subscription.h"

struct uv_loop_s;  // libuv's uv_loop_t.

namespace ringcast::client {

// Takes the token, or an empty one when there is none to be had now. Called once, at once or
// later, on the loop's thread; what needs a token waits for it.
using TokenReply = std::function<void(std::string token)>;
// Asked for a token before the first request, and again after each 401.
using TokenSource = std::function<void(TokenReply reply)>;

struct ClientOptions {
  std::string url = "http://127.0.0.1:8080";  // http://, https:// or unix:/path/to.sock
  std::string token;                          // Sent as "Authorization: Bearer"; empty: none.
  TokenSource token_source;                   // Instead of `token`.
  std::string ca_file;     // PEM; the certificates to trust. Empty: the system's.
  bool insecure = false;   // Whoever answers is believed to be the broker. For tests only.
  std::string user_agent;  // Empty: this library's name and version.
  uint64_t connect_timeout_ms = 10'000;
  // So many publishes are under way at a time. With 1 they reach the broker in the order of the
  // calls, also after a failure; a Batch is the better way to be fast.
  size_t parallel_publishes = 1;
  // What waits to be published, in bytes. Above it publish() fails with kQueueFull.
  size_t max_queued_bytes = size_t{64} << 20U;
};

// Any other request of the API, such as GET /topics (docs/http-api.md).
struct Request {
  std::string method = "GET";
  std::string path;  // Begins with "/"; percent-encoded, see topic_path().
  std::vector<std::pair<std::string, std::string>> query;  // Encoded here.
  std::vector<std::string> headers;                        // "Name: value".
  std::optional<std::string> body;
  uint64_t timeout_ms = 30'000;  // For the whole exchange.
};

struct Response {
  int status = 0;
  std::string content_type;
  std::string body;
};

// A broker, seen from one libuv loop. Everything happens on that loop's thread, calls included,
// and callbacks come from uv_run() only, never from within a call; they must not throw.
//
// A client with nothing to do does not keep uv_run() from returning. Destroy or close() it and run
// the loop until it has nothing left; then its handles are gone and uv_loop_close() gives 0.
class [[gnu::visibility("default")]] Client {
 public:
  // `loop` outlives the client's handles. kInvalid names the option that is wrong. Nothing is
  // connected yet.
  static Result<Client> open(uv_loop_s * loop, ClientOptions options);

  Client(Client &&) noexcept;
  Client& operator=(Client&&) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  // As close(), but nobody is told: no callback comes any more, but the one of a close() before.
  ~Client();

  // Publishes one event. `done` is called once: when the broker has it, or with the error that
  // remained. After an error that is transient the event may or may not be stored; publishing it
  // again with the same key is safe.
  void publish(const Publication& publication, std::function<void(Result<Receipt>)> done = {},
               PublishOptions options = {});
  // Publishes many with one request. An empty batch is kInvalid.
  void publish(Batch batch, std::function<void(Result<BatchReceipt>)> done = {},
               PublishOptions options = {});

  // Starts with the loop's next turn. The subscription ends when the handle is destroyed.
  [[nodiscard]] Subscription subscribe(SubscribeOptions options, SubscriptionHandlers handlers);

  // Sends a request once; an answer other than 2xx is an error.
  void send(Request request, std::function<void(Result<Response>)> done);

  // Ends everything: what is unanswered and each subscription gets kClosed, then `on_closed` is
  // called when the last handle is gone from the loop. Calls after this one do nothing.
  void close(std::function<void()> on_closed = {});

 private:
  explicit Client(std::shared_ptr<class Core> core);
  std::shared_ptr<class Core> core_;
};

// The path of a topic, "/topics/…", for Request::path.
[[nodiscard]] [[gnu::visibility("default")]] std::string topic_path(std::string_view topic);

}  // namespace ringcast::client
