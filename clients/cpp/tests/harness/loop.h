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
    uv_prepare_init(&loop_, &before_wait_);
  }
  TestLoop(const TestLoop&) = delete;
  TestLoop& operator=(const TestLoop&) = delete;
  ~TestLoop() {
    uv_close(reinterpret_cast<uv_handle_t*>(&deadline_), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&before_wait_), nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop_) == 0);
  }

  uv_loop_t* raw() { return &loop_; }

  // Fails the test when it has not come true within kPatienceMs.
  void run_until(const std::string& what, const std::function<bool()>& is_true) {
    is_over_ = false;
    is_true_ = &is_true;
    deadline_.data = this;
    before_wait_.data = this;
    uv_timer_start(
        &deadline_, [](uv_timer_t* timer) { of(timer->data)->is_over_ = true; }, kPatienceMs, 0);
    // A turn that has brought it must not go on to wait for more.
    uv_prepare_start(&before_wait_, [](uv_prepare_t* prepare) {
      if (of(prepare->data)->is_settled()) {
        uv_stop(&of(prepare->data)->loop_);
      }
    });
    while (!is_settled()) {
      uv_run(&loop_, UV_RUN_ONCE);
    }
    uv_timer_stop(&deadline_);
    uv_prepare_stop(&before_wait_);
    REQUIRE_MESSAGE(is_true(), "in vain waited for: " << what);
  }

 private:
  static TestLoop* of(void* data) { return static_cast<TestLoop*>(data); }
  [[nodiscard]] bool is_settled() const { return is_over_ || (*is_true_)(); }

  uv_loop_t loop_{};
  uv_timer_t deadline_{};
  uv_prepare_t before_wait_{};
  bool is_over_ = false;
  const std::function<bool()>* is_true_ = nullptr;  // Of the present run_until().
};

}  // namespace ringcast::client::test
