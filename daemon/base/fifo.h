#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace ringcast {

// A queue in one block of memory with access by index: what std::deque costs before its first
// element (more than 500 bytes) is too much for one in each topic. Popping is amortised O(1).
template <typename T>
class Fifo {
 public:
  [[nodiscard]] bool empty() const noexcept { return head_ == items_.size(); }
  [[nodiscard]] size_t size() const noexcept { return items_.size() - head_; }
  [[nodiscard]] const T& operator[](size_t index) const noexcept { return items_[head_ + index]; }
  [[nodiscard]] const T& front() const noexcept { return items_[head_]; }
  [[nodiscard]] const T& back() const noexcept { return items_.back(); }
  [[nodiscard]] T& back() noexcept { return items_.back(); }
  [[nodiscard]] size_t memory() const noexcept { return items_.capacity() * sizeof(T); }

  void push_back(T item) { items_.push_back(std::move(item)); }

  T pop_front() {
    T item = std::move(items_[head_]);
    ++head_;
    if (head_ == items_.size()) {
      items_.clear();
      head_ = 0;
    } else if (head_ >= kCompactAt && head_ * 2 >= items_.size()) {
      items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
    return item;
  }

  // Gives the memory back as well.
  void reset() noexcept {
    std::vector<T>().swap(items_);  // `= {}` would keep the capacity.
    head_ = 0;
  }

  // The index of the first element for which `is_before` is false; the elements are partitioned.
  template <typename Predicate>
  [[nodiscard]] size_t partition_point(Predicate is_before) const {
    size_t low = 0;
    size_t high = size();
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      if (is_before((*this)[middle])) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

 private:
  static constexpr size_t kCompactAt = 16;

  std::vector<T> items_;
  size_t head_ = 0;  // Elements before it are moved-from.
};

}  // namespace ringcast
