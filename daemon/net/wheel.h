#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ringcast::net {

// Deadlines of many connections without a timer for each: a ring of lists, one for each tick. A
// deadline is met at most one tick late. Pure: the owner tells the time. One thread.
class Wheel {
 public:
  // A place in the wheel; part of its owner, whom `advance` hands back. Off the wheel at first.
  class Timer {
   public:
    explicit Timer(void* timer_owner) : owner(timer_owner) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer() { cancel(); }

    void cancel() noexcept {
      if (next_ != nullptr) {
        previous_->next_ = next_;
        next_->previous_ = previous_;
        next_ = previous_ = nullptr;
      }
    }
    [[nodiscard]] bool is_set() const noexcept { return next_ != nullptr; }

    void* const owner;

   private:
    friend class Wheel;
    Timer* next_ = nullptr;
    Timer* previous_ = nullptr;
    int64_t due_ms_ = 0;
  };

  static constexpr int64_t kTickMs = 100;

  explicit Wheel(int64_t now_ms) : tick_(now_ms / kTickMs) {
    for (Timer& head : slots_) {
      head.next_ = head.previous_ = &head;
    }
  }
  Wheel(const Wheel&) = delete;
  Wheel& operator=(const Wheel&) = delete;
  ~Wheel() {
    for (Timer& head : slots_) {
      while (head.next_ != &head) {
        head.next_->cancel();
      }
      head.next_ = head.previous_ = nullptr;
    }
  }

  // Sets or moves a deadline; one that has passed is met at the next tick.
  void set(Timer& timer, int64_t due_ms) noexcept {
    timer.cancel();
    timer.due_ms_ = due_ms;
    const int64_t due_tick = (due_ms + kTickMs - 1) / kTickMs;
    Timer& head = slot(due_tick > tick_ ? due_tick : tick_ + 1);
    timer.next_ = &head;
    timer.previous_ = head.previous_;
    head.previous_->next_ = &timer;
    head.previous_ = &timer;
  }

  // Takes every timer that is due off the wheel and calls due(owner), which may set it again.
  template <typename Due>
  void advance(int64_t now_ms, Due due) {
    const int64_t now_tick = now_ms / kTickMs;
    if (now_tick - tick_ > static_cast<int64_t>(kSlots)) {
      tick_ = now_tick - static_cast<int64_t>(kSlots);  // Asleep for a whole turn: look once.
    }
    while (tick_ < now_tick) {
      ++tick_;
      Timer batch(nullptr);  // What `due` sets again lands elsewhere.
      splice(slot(tick_), batch);
      while (batch.next_ != &batch) {
        Timer& timer = *batch.next_;
        timer.cancel();
        if (timer.due_ms_ > now_ms) {
          set(timer, timer.due_ms_);  // A later turn of the wheel.
        } else {
          due(timer.owner);
        }
      }
      batch.next_ = batch.previous_ = nullptr;
    }
  }

 private:
  static constexpr size_t kSlots = 512;

  Timer& slot(int64_t tick) noexcept { return slots_[static_cast<size_t>(tick) % kSlots]; }

  static void splice(Timer& from, Timer& to) noexcept {
    if (from.next_ == &from) {
      to.next_ = to.previous_ = &to;
      return;
    }
    to.next_ = from.next_;
    to.previous_ = from.previous_;
    to.next_->previous_ = &to;
    to.previous_->next_ = &to;
    from.next_ = from.previous_ = &from;
  }

  struct Head : Timer {
    Head() : Timer(nullptr) {}
  };
  std::array<Head, kSlots> slots_;
  int64_t tick_;
};

}  // namespace ringcast::net
