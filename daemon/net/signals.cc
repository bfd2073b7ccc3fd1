#include "net/signals.h"

#include <cstdlib>
#include <utility>

namespace ringcast::net {

Signals::Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> received)
    : received_(std::move(received)) {
  for (const int number : numbers) {
    auto handle = make_uv_handle<uv_signal_t>(
        this, [&](uv_signal_t* raw) { return uv_signal_init(loop.raw(), raw); });
    if (!handle) {
      std::abort();  // Out of descriptors at start-up.
    }
    uv_signal_start(handle->get(), &Signals::on_signal, number);
    handles_.push_back(std::move(*handle));
  }
}

void Signals::on_signal(uv_signal_t* handle, int number) noexcept {
  if (auto* self = static_cast<Signals*>(handle->data)) {
    self->received_(number);
  }
}

}  // namespace ringcast::net
