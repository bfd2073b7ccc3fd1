#include "net/turn_hook.h"

#include <cstdlib>
#include <utility>

namespace ringcast::net {

namespace {

template <typename H, typename Init>
UvHandle<H> must_make(void* owner, Init init) {
  auto handle = make_uv_handle<H>(owner, init);
  if (!handle) {
    std::abort();  // These handles need no descriptor: it cannot fail.
  }
  return std::move(*handle);
}

}  // namespace

TurnHook::TurnHook(Loop& loop, std::function<bool()> turn)
    : turn_(std::move(turn)),
      prepare_(must_make<uv_prepare_t>(
          this, [&](uv_prepare_t* raw) { return uv_prepare_init(loop.raw(), raw); })),
      idle_(must_make<uv_idle_t>(this,
                                 [&](uv_idle_t* raw) { return uv_idle_init(loop.raw(), raw); })) {
  uv_prepare_start(prepare_.get(), &TurnHook::on_prepare);
}

void TurnHook::on_prepare(uv_prepare_t* handle) noexcept {
  if (auto* self = static_cast<TurnHook*>(handle->data)) {
    self->run();
  }
}

void TurnHook::run() {
  const bool is_busy = turn_();
  if (is_busy == std::exchange(is_busy_, is_busy)) {
    return;
  }
  if (is_busy) {
    uv_idle_start(idle_.get(), [](uv_idle_t*) {});
  } else {
    uv_idle_stop(idle_.get());
  }
}

Ticker::Ticker(Loop& loop, uint64_t interval_ms, std::function<void()> tick)
    : tick_(std::move(tick)), timer_(must_make<uv_timer_t>(this, [&](uv_timer_t* raw) {
        return uv_timer_init(loop.raw(), raw);
      })) {
  uv_timer_start(timer_.get(), &Ticker::on_timer, interval_ms, interval_ms);
}

void Ticker::on_timer(uv_timer_t* handle) noexcept {
  if (auto* self = static_cast<Ticker*>(handle->data)) {
    self->tick_();
  }
}

}  // namespace ringcast::net
