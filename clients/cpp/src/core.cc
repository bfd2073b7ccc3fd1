#include "cpp/src/core.h"

#include <algorithm>
#include <utility>

namespace ringcast::client {

Core::Core(uv_loop_t* loop, Connecting connecting, ClientOptions options)
    : closing_(std::make_unique<Timer>(loop, open_, [this] { tear_down(); })),
      session_(std::make_unique<Session>(loop, open_, std::move(connecting),
                                         std::move(options.token),
                                         std::move(options.token_source))),
      outbox_(std::make_unique<Outbox>(
          *session_, Outbox::Limits{.parallel = std::max<size_t>(options.parallel_publishes, 1),
                                    .bytes = options.max_queued_bytes})) {}

std::shared_ptr<Stream> Core::subscribe(SubscribeOptions options, SubscriptionHandlers handlers) {
  auto stream = std::make_shared<Stream>(
      *session_, std::move(options), std::move(handlers),
      [this](const std::shared_ptr<Stream>& ended) { streams_.erase(ended); });
  streams_.insert(stream);
  stream->start();
  return stream;
}

void Core::close(std::function<void()> on_closed) {
  if (on_closed) {
    on_closed_ = std::move(on_closed);
  }
  if (!std::exchange(is_closing_, true)) {
    self_ = shared_from_this();
    closing_->start(0);
  }
}

void Core::abandon() {
  if (session_) {
    session_->drop_deferred();
    outbox_->abandon();
    while (!streams_.empty()) {
      const auto stream = *streams_.begin();
      stream->close();
    }
  }
  close(nullptr);
}

// Nobody's call is below this, so that everything may go.
void Core::tear_down() {
  session_->run_deferred();
  outbox_->end(closed());
  while (!streams_.empty()) {
    const auto stream = *streams_.begin();
    stream->end(closed());  // Takes itself out.
  }
  outbox_.reset();
  session_.reset();
  closing_.reset();
  open_->when_none([this] {
    const auto self = std::move(self_);
    if (on_closed_) {
      on_closed_();
    }
  });
}

}  // namespace ringcast::client
