#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cpp/src/call.h"
#include "cpp/src/open_handles.h"
#include "cpp/src/timer.h"
#include "cpp/src/token_keeper.h"
#include "cpp/src/transport.h"

namespace ringcast::client {

// What all requests of one client share: its loop, its connections and its token. Outlives them.
class Session {
 public:
  Session(uv_loop_t* loop, std::shared_ptr<OpenHandles> open, Connecting connecting,
          std::string token, TokenSource source);

  // Sends a request; `sink` is told from the loop. A call that is paused waits with its answer's
  // body.
  std::shared_ptr<Call> call(std::shared_ptr<const HttpRequest> request,
                             std::weak_ptr<AnswerSink> sink, bool is_paused = false);
  [[nodiscard]] std::unique_ptr<Timer> make_timer(std::function<void()> on_fire) {
    return std::make_unique<Timer>(loop_, open_, std::move(on_fire));
  }
  // Runs `step` in the loop's next turn, with nobody's call below it.
  void defer(std::function<void()> step);
  // What is due then, now.
  void run_deferred();
  // Runs none of them any more.
  void drop_deferred();

 private:
  uv_loop_t* loop_;
  std::shared_ptr<OpenHandles> open_;
  Timer soon_;
  std::vector<std::function<void()>> deferred_;
  bool is_dropping_ = false;
  Transport transport_;
  std::shared_ptr<TokenKeeper> tokens_;
};

}  // namespace ringcast::client
