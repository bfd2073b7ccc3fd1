#pragma once

#include <uv.h>

#include <functional>
#include <initializer_list>
#include <vector>

#include "net/loop.h"
#include "net/uv_handle.h"

namespace ringcast::net {

// Calls `received` on the loop for each of the signals that comes to the process.
class Signals {
 public:
  Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> received);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() = default;

 private:
  static void on_signal(uv_signal_t* handle, int number) noexcept;

  std::function<void(int)> received_;
  std::vector<UvHandle<uv_signal_t>> handles_;
};

}  // namespace ringcast::net
