#pragma once

#include <functional>
#include <memory>
#include <unordered_set>

#include "cpp/src/outbox.h"
#include "cpp/src/session.h"
#include "cpp/src/stream.h"

namespace ringcast::client {

// What a Client is a handle of. Lives on in its loop until the last uv handle is closed.
class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(uv_loop_t* loop, Connecting connecting, ClientOptions options);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // Null once it was closed.
  [[nodiscard]] Session* session() { return is_closing_ ? nullptr : session_.get(); }
  [[nodiscard]] Outbox& outbox() { return *outbox_; }
  std::shared_ptr<Stream> subscribe(SubscribeOptions options, SubscriptionHandlers handlers);

  // Both end in the loop's next turns, and the first tells everybody.
  void close(std::function<void()> on_closed);
  void abandon();

 private:
  void tear_down();

  std::shared_ptr<OpenHandles> open_ = std::make_shared<OpenHandles>();
  std::unique_ptr<Timer> closing_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Outbox> outbox_;
  std::unordered_set<std::shared_ptr<Stream>> streams_;
  std::function<void()> on_closed_;
  bool is_closing_ = false;
  std::shared_ptr<Core> self_;  // From close() to the end of the last handle.
};

}  // namespace ringcast::client
