#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>

#include "net/loop.h"
#include "net/uv_handle.h"

namespace ringcast::net {

// Calls `turn` once in every turn of the loop, last before it polls (a uv_prepare_t: in libuv 1.44
// timers run before it, so that what they wrote leaves in the same turn). While `turn` returns
// true, the loop does not sleep.
class TurnHook {
 public:
  TurnHook(Loop& loop, std::function<bool()> turn);
  TurnHook(const TurnHook&) = delete;
  TurnHook& operator=(const TurnHook&) = delete;
  ~TurnHook() = default;

 private:
  static void on_prepare(uv_prepare_t* handle) noexcept;
  void run();

  std::function<bool()> turn_;
  bool is_busy_ = false;
  UvHandle<uv_prepare_t> prepare_;
  UvHandle<uv_idle_t> idle_;
};

// Calls `tick` every `interval_ms`.
class Ticker {
 public:
  Ticker(Loop& loop, uint64_t interval_ms, std::function<void()> tick);
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;
  ~Ticker() = default;

 private:
  static void on_timer(uv_timer_t* handle) noexcept;

  std::function<void()> tick_;
  UvHandle<uv_timer_t> timer_;
};

}  // namespace ringcast::net
