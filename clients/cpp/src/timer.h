#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "cpp/src/open_handles.h"

namespace ringcast::client {

// Calls back once, some time after it was started. May be destroyed by its own callback.
class Timer {
 public:
  Timer(uv_loop_t* loop, const std::shared_ptr<OpenHandles>& open, std::function<void()> on_fire)
      : handle_(make_handle<uv_timer_t, std::function<void()>>(
            open, std::move(on_fire), [loop](uv_timer_t* uv) { return uv_timer_init(loop, uv); })) {
  }

  // Starts it anew. 0: with the loop's next turn.
  void start(uint64_t wait_ms) {
    uv_update_time(handle_->uv.loop);  // A loop that was busy for long has an old clock.
    uv_timer_start(&handle_->uv, &Timer::on_fire, wait_ms, 0);
  }
  void stop() { uv_timer_stop(&handle_->uv); }
  [[nodiscard]] bool is_running() const {
    return uv_is_active(reinterpret_cast<const uv_handle_t*>(&handle_->uv)) != 0;
  }

 private:
  using Owned = OwnedHandle<uv_timer_t, std::function<void()>>;
  static void on_fire(uv_timer_t* uv) noexcept { static_cast<Owned*>(uv->data)->state(); }

  HandlePtr<uv_timer_t, std::function<void()>> handle_;  // uv_timer_init() does not fail.
};

}  // namespace ringcast::client
