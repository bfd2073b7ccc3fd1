#pragma once

#include <doctest/doctest.h>
#include <uv.h>

#include <cstdint>
#include <functional>
#include <string>

namespace ringcast::client::test {

constexpr uint64_t kPatienceMs = 30'000;

// A loop that a test runs until something has come true. At its end it must be empty: what a test
// leaves on it fails the test.
class TestLoop {
 public:
  TestLoop() {
    REQUIRE(uv_loop_init(&loop_) == 0);
    uv_timer_init(&loop_, &deadline_);
    uv_unref(reinterpret_cast<uv_handle_t*>(&deadline_));
  }
  TestLoop(const TestLoop&) = delete;
  TestLoop& operator=(const TestLoop&) = delete;
  ~TestLoop() {
    uv_close(reinterpret_cast<uv_handle_t*>(&deadline_), nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop_) == 0);
  }

  uv_loop_t* raw() { return &loop_; }

  // Fails the test when it has not come true within kPatienceMs.
  void run_until(const std::string& what, const std::function<bool()>& is_true) {
    bool is_over = false;
    deadline_.data = &is_over;
    const auto on_deadline = [](uv_timer_t* timer) { *static_cast<bool*>(timer->data) = true; };
    uv_timer_start(&deadline_, on_deadline, kPatienceMs, 0);
    uv_ref(reinterpret_cast<uv_handle_t*>(&deadline_));
    while (!is_true() && !is_over) {
      uv_run(&loop_, UV_RUN_ONCE);
    }
    uv_timer_stop(&deadline_);
    uv_unref(reinterpret_cast<uv_handle_t*>(&deadline_));
    REQUIRE_MESSAGE(is_true(), "in vain waited for: " << what);
  }

 private:
  uv_loop_t loop_{};
  uv_timer_t deadline_{};
};

}  // namespace ringcast::client::test
