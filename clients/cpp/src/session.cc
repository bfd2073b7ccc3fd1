#include "cpp/src/session.h"

#include <utility>

namespace ringcast::client {

Session::Session(uv_loop_t* loop, std::shared_ptr<OpenHandles> open, Connecting connecting,
                 std::string token, TokenSource source)
    : loop_(loop),
      open_(std::move(open)),
      soon_(loop_, open_, [this] { run_deferred(); }),
      transport_(loop_, open_, std::move(connecting)),
      tokens_(std::make_shared<TokenKeeper>(
          std::move(token), std::move(source),
          [this](std::function<void()> step) { defer(std::move(step)); })) {}

std::shared_ptr<Call> Session::call(std::shared_ptr<const HttpRequest> request,
                                    std::weak_ptr<AnswerSink> sink, bool is_paused) {
  auto call = std::make_shared<Call>(transport_, tokens_, std::move(request), std::move(sink));
  call->start(is_paused);
  return call;
}

void Session::defer(std::function<void()> step) {
  deferred_.push_back(std::move(step));
  soon_.start(0);
}

void Session::run_deferred() {
  for (const auto& step : std::exchange(deferred_, {})) {
    if (!is_dropping_) {  // The one before may have said so.
      step();
    }
  }
}

void Session::drop_deferred() {
  is_dropping_ = true;
  deferred_.clear();
}

}  // namespace ringcast::client
