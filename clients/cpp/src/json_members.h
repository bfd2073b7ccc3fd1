#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace ringcast::client {

// The value of a member of an answer.
class Member {
 public:
  explicit Member(json::Value& value) : value_(value), kind_(value.kind()) {}

  // Each takes the value where it is of that kind; else it leaves `out` as it is.
  void read(std::string& out);
  void read(std::optional<uint64_t>& out);
  void read(bool& out);

 private:
  friend bool each_member(std::string_view body,
                          const std::function<void(std::string_view name, Member& member)>& visit);
  json::Value& value_;
  json::Value::Kind kind_;
  bool is_read_ = false;
};

// Gives each member of a JSON object to `visit`, which reads it or not. False when the body is no
// JSON object.
bool each_member(std::string_view body,
                 const std::function<void(std::string_view name, Member& member)>& visit);

}  // namespace ringcast::client
