#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace ringcast::server {

// Keeps the first `most` of all items that it is given, in the order that `before` says.
template <typename Item, bool (*before)(const Item&, const Item&)>
class TopList {
 public:
  explicit TopList(size_t most) : most_(most) {}

  // Would add() keep it? So that what is dear to make is made for those only.
  [[nodiscard]] bool would_keep(const Item& item) const {
    return items_.size() < most_ || before(item, items_.front());
  }
  void add(Item item) {
    if (!would_keep(item)) {
      return;
    }
    if (items_.size() == most_) {
      std::pop_heap(items_.begin(), items_.end(), before);
      items_.pop_back();
    }
    items_.push_back(std::move(item));
    std::push_heap(items_.begin(), items_.end(), before);  // The last one is at the front.
  }
  // In order; nothing is left.
  [[nodiscard]] std::vector<Item> take() {
    std::sort_heap(items_.begin(), items_.end(), before);
    return std::exchange(items_, {});
  }

 private:
  size_t most_;
  std::vector<Item> items_;
};

}  // namespace ringcast::server
