#pragma once

#include <array>
#include <cstdint>

namespace ringcast::bench {

// Nanoseconds on the monotonic clock.
uint64_t now_ns();
// Ends the program: what the machine does not allow cannot be measured.
[[noreturn]] void die(const char* what);

class Pollable {
 public:
  Pollable() = default;
  Pollable(const Pollable&) = delete;
  Pollable& operator=(const Pollable&) = delete;
  virtual ~Pollable() = default;
  virtual void on_ready() = 0;
};

// An edge-triggered epoll loop with two classes: the urgent are looked at after every few of the
// others, so that those whose latency counts do not wait for a crowd.
class Reactor {
 public:
  Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;
  ~Reactor();

  void add(int descriptor, Pollable& pollable, bool is_urgent);
  // Only until it is closed, or added again.
  void remove(int descriptor, bool is_urgent);
  // Sleeps until something is ready or the time has come, and serves what is ready.
  void turn(uint64_t until_ns);

 private:
  bool serve(int epoll, int most, int64_t wait_ns);

  int normal_;
  int urgent_;
};

}  // namespace ringcast::bench
