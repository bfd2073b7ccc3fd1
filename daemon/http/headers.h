#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"

namespace ringcast::http {

// The headers of a message in their order. Their text is one string: no allocation for each
// header, and none at all once clear() has left room from an earlier message.
class Headers {
 public:
  using Header = std::pair<std::string_view, std::string_view>;  // Valid until the next change.

  class Iterator {
   public:
    Iterator(const Headers& headers, size_t index) : headers_(headers), index_(index) {}
    Header operator*() const { return headers_[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    const Headers& headers_;
    size_t index_;
  };

  void emplace_back(std::string_view name, std::string_view value) {
    begin_header();
    extend_name(name);
    extend_value(value);
  }

  // A header piece by piece: its whole name before its value.
  void begin_header() { places_.push_back({text_.size()}); }
  void extend_name(std::string_view text) {
    text_ += text;
    places_.back().name_size += text.size();
    places_.back().value_begin = text_.size();
  }
  void extend_value(std::string_view text) {
    text_ += text;
    places_.back().value_size += text.size();
  }

  // The white space around its value goes.
  void end_header() {
    Place& place = places_.back();
    const std::string_view value = (*this)[size() - 1].second;
    if (!value.empty() && (is_blank(value.front()) || is_blank(value.back()))) {
      const std::string_view trimmed = trim(value);
      place.value_begin += trimmed.empty() ? 0 : static_cast<size_t>(trimmed.data() - value.data());
      place.value_size = trimmed.size();
    }
  }

  Header operator[](size_t index) const {
    const Place& place = places_[index];
    const char* text = text_.data();
    return {{text + place.name_begin, place.name_size},
            {text + place.value_begin, place.value_size}};
  }
  [[nodiscard]] size_t size() const noexcept { return places_.size(); }
  [[nodiscard]] Iterator begin() const { return {*this, 0}; }
  [[nodiscard]] Iterator end() const { return {*this, size()}; }
  // What it has allocated.
  [[nodiscard]] size_t capacity() const noexcept {
    return text_.capacity() + places_.capacity() * sizeof(Place);
  }
  void clear() {
    text_.clear();
    places_.clear();
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t'; }

  struct Place {
    size_t name_begin;  // In text_.
    size_t name_size = 0;
    size_t value_begin = 0;
    size_t value_size = 0;
  };

  std::string text_;
  std::vector<Place> places_;
};

}  // namespace ringcast::http
