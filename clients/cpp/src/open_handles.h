#pragma once

#include <uv.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace ringcast::client {

// Counts the uv handles of one client, so that it can say when the last has left the loop.
class OpenHandles {
 public:
  // Called once, when no handle is open: at the end of the last one's close callback.
  void when_none(std::function<void()> call) {
    on_none_ = std::move(call);
    tell();
  }
  void opened() { ++count_; }
  void closed() {
    --count_;
    tell();
  }

 private:
  void tell() {
    if (count_ == 0 && on_none_) {
      std::exchange(on_none_, nullptr)();
    }
  }

  size_t count_ = 0;
  std::function<void()> on_none_;
};

// A uv handle of type H with what its callbacks need. Lives until libuv has closed it.
template <typename H, typename State>
struct OwnedHandle {
  H uv{};
  State state;
  std::shared_ptr<OpenHandles> open;
};

// Gives the handle back to its loop; its memory is freed by the close callback.
template <typename H, typename State>
struct HandleCloser {
  void operator()(OwnedHandle<H, State>* owned) const noexcept {
    uv_close(reinterpret_cast<uv_handle_t*>(&owned->uv), [](uv_handle_t* raw) {
      const std::unique_ptr<OwnedHandle<H, State>> last(
          static_cast<OwnedHandle<H, State>*>(raw->data));
      const auto open = last->open;
      open->closed();
    });
  }
};

template <typename H, typename State>
using HandlePtr = std::unique_ptr<OwnedHandle<H, State>, HandleCloser<H, State>>;

// `init` calls uv_*_init for the handle that it is given. Null when that fails.
template <typename H, typename State, typename Init>
HandlePtr<H, State> make_handle(const std::shared_ptr<OpenHandles>& open, State state, Init init) {
  auto owned = std::make_unique<OwnedHandle<H, State>>(
      OwnedHandle<H, State>{.uv = {}, .state = std::move(state), .open = open});
  if (init(&owned->uv) != 0) {
    return nullptr;
  }
  owned->uv.data = owned.get();
  owned->open->opened();
  return HandlePtr<H, State>(owned.release());
}

}  // namespace ringcast::client
