#pragma once

#include <uv.h>

#include <cassert>
#include <cstdlib>

namespace ringcast::net {

// One event loop, bound to the thread that runs it. Outlives every handle on it.
class Loop {
 public:
  Loop() {
    if (uv_loop_init(&loop_) != 0) {
      std::abort();  // Out of descriptors at start-up.
    }
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() {
    uv_run(&loop_, UV_RUN_DEFAULT);  // Runs the close callbacks that are still due.
    [[maybe_unused]] const int rc = uv_loop_close(&loop_);
    assert(rc == 0 && "a uv handle outlived its owner");
  }

  uv_loop_t* raw() noexcept { return &loop_; }
  // Until no handle is active.
  void run() { uv_run(&loop_, UV_RUN_DEFAULT); }

 private:
  uv_loop_t loop_{};
};

}  // namespace ringcast::net
