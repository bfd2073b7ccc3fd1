#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace ringcast::admin {

// The text of a JSON object, member by member. Names are literals.
class JsonObject {
 public:
  JsonObject& add(std::string_view name, std::string_view text) {
    begin(name);
    json::append_string(text_, text);
    return *this;
  }
  JsonObject& add(std::string_view name, const char* text) {
    return add(name, std::string_view(text));
  }
  template <std::integral Number>
  JsonObject& add(std::string_view name, Number number) {
    if constexpr (std::same_as<Number, bool>) {
      return add_json(name, number ? "true" : "false");
    } else {
      return add_json(name, std::to_string(number));
    }
  }
  // With one decimal place; nothing is null.
  JsonObject& add(std::string_view name, std::optional<double> number);
  JsonObject& add_json(std::string_view name, std::string_view json) {
    begin(name);
    text_ += json;
    return *this;
  }
  [[nodiscard]] std::string text() const { return text_ + "}"; }

 private:
  void begin(std::string_view name) {
    text_.append(text_.size() == 1 ? "\"" : ",\"").append(name).append("\":");
  }

  std::string text_ = "{";
};

// The elements, which are JSON, as an array.
template <typename Items, typename Render>
[[nodiscard]] std::string json_array(const Items& items, Render render) {
  std::string text = "[";
  for (const auto& item : items) {
    text.append(text.size() == 1 ? "" : ",").append(render(item));
  }
  return text + "]";
}

}  // namespace ringcast::admin
